/** Biases as faults of the world: steps and ramps stay until the next one of their signal; sines come on top. @module */

import type { BiasSignal as WorldBias, Fault } from "../../../simulator/mod.ts";
import { BIAS_SIGNALS, type BiasSignal, type Scenario } from "../schema/mod.ts";
import type { EventContext } from "./resolve_events.ts";

/** The world's name of a signal. */
export const BIAS_OF: Readonly<Record<BiasSignal, WorldBias>> = {
  power_bias_prefill: "power_prefill",
  power_bias_decode: "power_decode",
  ttft_bias: "ttft",
  itl_bias: "itl",
  capacity_bias: "capacity",
};

interface Stretch {
  readonly atMs: number;
  readonly value: number;
}

/** Every bias of a scenario. */
export function biasCourses(
  events: Scenario["events"],
  { bias, tickMs }: Pick<EventContext, "bias" | "tickMs">,
): Fault[] {
  return BIAS_SIGNALS.flatMap((signal) => {
    const kind = "bias" as const;
    const world = BIAS_OF[signal];
    const steps: Stretch[] = [{ atMs: 0, value: bias[signal] }];
    const others: Fault[] = [];
    for (const event of events) {
      if (!("signal" in event) || event.signal !== signal) continue;
      switch (event.type) {
        case "bias_step":
          steps.push({ atMs: event.at_tick * tickMs, value: event.value });
          break;
        case "bias_ramp": {
          const atMs = event.start_tick * tickMs;
          const endMs = event.end_tick * tickMs;
          // The ramp itself is on top of a bias of 1; its last value stays.
          steps.push({ atMs, value: 1 }, { atMs: endMs, value: event.to });
          others.push({
            kind,
            signal: world,
            atMs,
            durationMs: endMs - atMs,
            ramp: { from: event.from, to: event.to },
          });
          break;
        }
        case "bias_sine":
          others.push({
            kind,
            signal: world,
            atMs: event.at_tick * tickMs,
            sine: {
              mean: 1,
              amplitude: event.amplitude,
              periodMs: event.period_ticks * tickMs,
            },
          });
          break;
      }
    }
    steps.sort((a, b) => a.atMs - b.atMs);
    return [
      ...steps.flatMap(({ atMs, value }, index): Fault[] => {
        const next = steps[index + 1];
        if (value === 1 || next?.atMs === atMs) return [];
        return [{
          kind,
          signal: world,
          atMs,
          value,
          ...(next ? { durationMs: next.atMs - atMs } : {}),
        }];
      }),
      ...others,
    ];
  });
}
