/** The options of one layout, which stand next to each other in a table, and how cheap they can be in GPUs and watts. */

import { allocate, f64At, i32At, setF64, setI32 } from "../arrays";
import { Option, optionAt, optionCount } from "./option";
import * as setting from "./setting";

/** Layouts of one side at most. */
export const MOST_LAYOUTS: i32 = 128;
/** Ways to weigh GPUs against watts: 0, 1/16, …, 1. */
export const WEIGHTS: i32 = 17;

@unmanaged
export class Segments {
  count: i32;
  /** First option of each segment (i32 each), and the end of the last one. */
  starts: usize;
  /** Layout of each segment (i32 each). */
  layouts: usize;
  /** Lowest weighted cost of each segment, `WEIGHTS` doubles each. */
  costs: usize;
  /** Lowest watts a request a second of each segment. */
  watts: usize;
}

export function newSegments(): Segments {
  const segments = changetype<Segments>(allocate(offsetof<Segments>()));
  segments.starts = allocate((MOST_LAYOUTS + 1) * 4);
  segments.layouts = allocate(MOST_LAYOUTS * 4);
  segments.costs = allocate(MOST_LAYOUTS * WEIGHTS * 8);
  segments.watts = allocate(MOST_LAYOUTS * 8);
  return segments;
}

/**
 * Share of the fleet's GPUs and watts that a request a second costs, weighed. For any weight the sum over two options
 * is at most the larger of their shares of GPUs and of watts, and so bounds what a fleet of them serves.
 */
export function costOf(option: Option, weight: i32): f64 {
  const share = <f64> weight / <f64> (WEIGHTS - 1);
  const gpus = option.gpusPerRate / setting.mostGpus();
  const watts = option.wattsPerRate / setting.mostWatts();
  return share * gpus + (1.0 - share) * watts;
}

/** Finds the segments of a table; false when it has more layouts than there is room for. */
export function findSegments(segments: Segments, side: i32): bool {
  const count = optionCount(side);
  segments.count = 0;
  for (let i = 0; i < count; i++) {
    const option = optionAt(side, i);
    const last = segments.count - 1;
    if (last < 0 || i32At(segments.layouts, last) != option.layout) {
      if (segments.count >= MOST_LAYOUTS) return false;
      open(segments, option.layout, i);
    }
    const at = segments.count - 1;
    for (let w = 0; w < WEIGHTS; w++) {
      const slot = at * WEIGHTS + w;
      setF64(
        segments.costs,
        slot,
        min(f64At(segments.costs, slot), costOf(option, w)),
      );
    }
    setF64(
      segments.watts,
      at,
      min(f64At(segments.watts, at), option.wattsPerRate),
    );
  }
  setI32(segments.starts, segments.count, count);
  return true;
}

function open(segments: Segments, layout: i32, start: i32): void {
  const at = segments.count++;
  setI32(segments.starts, at, start);
  setI32(segments.layouts, at, layout);
  setF64(segments.watts, at, Infinity);
  for (let w = 0; w < WEIGHTS; w++) {
    setF64(segments.costs, at * WEIGHTS + w, Infinity);
  }
}
