/** Traffic of a scenario: its profile in tokens per second as requests per second. @module */

import type { Arrivals } from "../../../simulator/mod.ts";
import type { LoadBlock } from "../schema/mod.ts";

/** Input and output tokens per second that a profile asks for at a tick. */
export function tokensPerSecond(load: LoadBlock, tick: number): number {
  switch (load.profile) {
    case "constant":
      return load.tokens_per_sec;
    case "ramp": {
      const length = Math.max(1, load.ramp_end_tick - load.ramp_start_tick);
      const share = (tick - load.ramp_start_tick) / length;
      const within = Math.max(0, Math.min(1, share));
      return load.ramp_from + (load.ramp_to - load.ramp_from) * within;
    }
    case "spike": {
      const since = tick - load.spike_tick;
      return since >= 0 && since < load.spike_duration_ticks
        ? load.spike_tokens_per_sec
        : load.tokens_per_sec;
    }
    case "sine": {
      const turn = (tick / load.sine_period_ticks) % 1;
      return Math.max(
        0,
        load.sine_offset_tps + load.sine_amplitude * sine(turn),
      );
    }
  }
}

/** What arrives at a time. */
export function arrivalsOf(
  load: LoadBlock,
  intervalSeconds: number,
): (atSeconds: number) => Arrivals {
  const tokens = load.isl + load.osl;
  return (atSeconds) => ({
    requestsPerSecond: tokensPerSecond(
      load,
      // A profile of ramps and sines goes on within a tick; steps are at its begin.
      load.profile === "spike"
        ? Math.floor(atSeconds / intervalSeconds)
        : atSeconds / intervalSeconds,
    ) / tokens,
    islTokens: load.isl,
    oslTokens: load.osl,
  });
}

/** A sine of whole turns out of two parabolas, within 0.0011: no transcendental function that could differ. */
function sine(turn: number): number {
  const half = turn < 0.5 ? turn * 2 : (turn - 0.5) * 2;
  const parabola = 4 * half * (1 - half);
  const arch = 0.225 * (parabola * parabola - parabola) + parabola;
  return turn < 0.5 ? arch : -arch;
}
