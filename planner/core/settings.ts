/** The part of the configuration that decisions depend on, by side. @module */

import type { PlannerConfig } from "../config/mod.ts";
import { withinRange } from "./cap_bridge.ts";
import type { CapQuestion, GpuWatts } from "./capacity.ts";
import type { PerSide, Side } from "./side.ts";
import { sidesOf } from "./side.ts";

/**
 * Share by which capacity is planned above the forecast (R16a): the mean of a window hides the bursts inside it.
 */
export const DEMAND_HEADROOM = 0.1;

/** Floors of the sides that the mode has. */
export function floorsOf(config: PlannerConfig): PerSide<number> {
  return Object.fromEntries(
    sidesOf(config.mode).map((side) => [side, config.floors[side]]),
  );
}

/**
 * The cap question of a side while nothing binds: no cap, the optimizer's, or the configured one. Aggregated workers
 * take the decode cap, else the prefill cap. Without any the safe default is the cap (§4). What the GPU
 * does not take is charged at what the agent will set instead.
 */
export function capQuestion(
  config: PlannerConfig,
  side: Side,
  gpu: GpuWatts,
): CapQuestion {
  const { power } = config;
  if (!power) return { kind: "none" };
  if (plannerChoosesCaps(config)) return { kind: "own_draw" };
  const configured = side === "prefill"
    ? power.prefillCapWatts
    : side === "decode"
    ? power.decodeCapWatts
    : power.decodeCapWatts ?? power.prefillCapWatts;
  const capWatts = withinRange(configured ?? power.safeDefaultWatts, gpu);
  return { kind: "fixed", capWatts };
}

/** The optimizer is on and the caps are ours to write. */
export function plannerChoosesCaps(config: PlannerConfig): boolean {
  return config.optimizer.enabled && config.power?.capOwner === "planner";
}
