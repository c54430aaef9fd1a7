/** The part of the configuration that decisions depend on, by side. @module */

import type { PlannerConfig, ScalingConfig } from "../config/mod.ts";
import { withinRange } from "./cap_bridge.ts";
import type { GpuWatts } from "./capacity.ts";
import type { SideInventory } from "./ledger/mod.ts";
import type { OptimizerState } from "./optimizer_state.ts";
import type { PerSide, Side } from "./side.ts";
import { sidesOf } from "./side.ts";

/**
 * Share by which capacity is planned above the forecast (R16a): the mean of a window hides the bursts inside it.
 */
export const DEMAND_HEADROOM = 0.1;

/** Scaling where the configuration says nothing; upstream's values, but without a limit of change. */
const SCALING: ScalingConfig = {
  target: "sla",
  maxReplicaChange: undefined,
  downSensitivity: 0.8,
  minObservations: 5,
  maxSamples: 64,
  sampleBuckets: 16,
  prefillQueueTokens: undefined,
  decodeKvShare: undefined,
  draftTokens: 0,
};

/** Scaling settings in force. */
export function scalingOf(config: PlannerConfig): ScalingConfig {
  return { ...SCALING, ...config.scaling };
}

/** Which kinds of scaling decide; the easy modes use live load alone (C29–C31). */
export function scalingModes(
  config: PlannerConfig,
): { readonly throughput: boolean; readonly load: boolean } {
  return scalingOf(config).target === "sla"
    ? { throughput: config.throughputScaling, load: config.loadScaling }
    : { throughput: false, load: true };
}

/** Floors of the sides that the mode has. */
export function floorsOf(config: PlannerConfig): PerSide<number> {
  return Object.fromEntries(
    sidesOf(config.mode).map((side) => [side, config.floors[side]]),
  );
}

/** Where the cap of a side comes from while it is not the search's. */
export type CapSource =
  /** Power awareness is off. */
  | { readonly kind: "none" }
  /** The optimizer is on and has no configuration yet: the cap of R10. */
  | { readonly kind: "own_draw" }
  | { readonly kind: "fixed"; readonly capWatts: number };

/** What {@linkcode capSource} looks at. */
export interface CapContext {
  readonly config: PlannerConfig;
  readonly gpu: GpuWatts;
  readonly optimizer: OptimizerState;
  readonly inventory: PerSide<SideInventory> | undefined;
}

/**
 * The cap of a side: the optimizer's, the deployment's own, or the configured one. Without any the safe default is the
 * cap (§4). What the GPU does not take is charged at what the agent will set instead.
 */
export function capSource(context: CapContext, side: Side): CapSource {
  const { config, gpu, optimizer } = context;
  const { power } = config;
  if (!power) return { kind: "none" };
  if (optimizerActive(config, optimizer) && power.capOwner === "planner") {
    const capWatts = optimizer.plan?.caps[side];
    return capWatts === undefined
      ? { kind: "own_draw" }
      : { kind: "fixed", capWatts };
  }
  return {
    kind: "fixed",
    capWatts: withinRange(
      power.capOwner === "deployment"
        ? authoredCap(context, side)
        : configuredCap(config, side) ?? power.safeDefaultWatts,
      gpu,
    ),
  };
}

/**
 * The cap that a deployment authored. A fleet that was read and does not say may have no cap at all, so its GPUs are
 * charged with all that they can draw.
 */
function authoredCap(
  { config, gpu, inventory }: CapContext,
  side: Side,
): number {
  const read = readCap(inventory, side) ?? configuredCap(config, side);
  if (read !== undefined) return read;
  return inventory
    ? gpu.maxWatts
    : config.power?.safeDefaultWatts ?? gpu.maxWatts;
}

function readCap(
  inventory: PerSide<SideInventory> | undefined,
  side: Side,
): number | undefined {
  const watts = inventory?.[side]?.authoredCapWatts;
  return watts !== undefined && Number.isFinite(watts) && watts > 0
    ? watts
    : undefined;
}

/** Whether the cap of a side that the deployment owns is a guess. */
export function isAuthoredCapUnknown(
  { config, inventory }: CapContext,
  side: Side,
): boolean {
  return config.power?.capOwner === "deployment" && inventory !== undefined &&
    readCap(inventory, side) === undefined &&
    configuredCap(config, side) === undefined;
}

/** Aggregated workers take the decode cap, else the prefill cap. */
function configuredCap(
  { power }: PlannerConfig,
  side: Side,
): number | undefined {
  switch (side) {
    case "prefill":
      return power?.prefillCapWatts;
    case "decode":
      return power?.decodeCapWatts;
    case "agg":
      return power?.decodeCapWatts ?? power?.prefillCapWatts;
  }
}

/** The optimizer is configured and did not turn itself off. */
export function optimizerActive(
  config: PlannerConfig,
  optimizer: OptimizerState,
): boolean {
  return config.optimizer.enabled && config.power !== undefined &&
    optimizer.disabled === undefined;
}
