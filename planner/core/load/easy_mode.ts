/** Upstream's easy modes: thresholds on queues and caches, no model (P31). @module */

import type { ScalingConfig } from "../../config/mod.ts";
import type { EngineLoad } from "../observation.ts";
import type { Side } from "../side.ts";
import { type LoadSignal, NO_DATA, signalOf } from "./signal.ts";

interface Thresholds {
  readonly isUp: (load: number) => boolean;
  readonly isDown: (load: number) => boolean;
}

/**
 * Up when any engine is above, down when all are below and one replica less would not at once be above.
 *
 * @param workers replicas that serve
 */
export function easySignal(
  engines: readonly EngineLoad[],
  side: Side,
  { scaling, workers }: {
    readonly scaling: ScalingConfig;
    readonly workers: number;
  },
): LoadSignal {
  const thresholds = thresholdsOf(scaling, side);
  if (!thresholds || engines.length === 0) return NO_DATA;
  const loads: number[] = [];
  for (const engine of engines) {
    const load = loadOf(engine, side, scaling.target);
    if (load === undefined) return NO_DATA;
    loads.push(load);
  }
  const merged = workers > 1 ? workers / (workers - 1) : 1;
  return signalOf({
    up: loads.some(thresholds.isUp),
    low: loads.every(thresholds.isDown),
    carried: loads.every((load) => !thresholds.isUp(load * merged)),
  }, workers);
}

/** Load of one engine in the measure of the target; undefined: its capacity is unknown. */
function loadOf(
  engine: EngineLoad,
  side: Side,
  target: ScalingConfig["target"],
): number | undefined {
  const { contextLengthTokens, kvCapacityTokens } = engine;
  if (side === "prefill") {
    if (target === "load") return finite(engine.queuedPrefillTokens);
    return ratio(engine.queuedPrefillTokens, contextLengthTokens);
  }
  const kv = engine.scheduledDecodeKvTokens + engine.queuedDecodeKvTokens;
  return ratio(
    side === "agg" ? kv + engine.queuedPrefillTokens : kv,
    kvCapacityTokens,
  );
}

function ratio(
  load: number,
  capacity: number | undefined,
): number | undefined {
  return capacity !== undefined && capacity > 0
    ? finite(load / capacity)
    : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

function thresholdsOf(
  { target, prefillQueueTokens, decodeKvShare }: ScalingConfig,
  side: Side,
): Thresholds | undefined {
  const prefill = side === "prefill";
  switch (target) {
    case "throughput":
      return prefill
        ? { isUp: (load) => load >= 1, isDown: (load) => load < 0.1 }
        : { isUp: (load) => load > 1, isDown: (load) => load < 0.6 };
    case "latency":
      return prefill
        ? { isUp: (load) => load >= 0.1, isDown: (load) => load === 0 }
        : { isUp: (load) => load > 0.4, isDown: (load) => load < 0.1 };
    case "load": {
      const band = prefill ? prefillQueueTokens : decodeKvShare;
      return band && {
        isUp: (load) => load >= band.up,
        isDown: (load) => load <= band.down,
      };
    }
    case "sla":
      return undefined;
  }
}
