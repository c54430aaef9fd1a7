/** A small heap for a process that runs for months. @module */

import v8 from "node:v8";
import vm from "node:vm";

/** Growth over what was live after the last collection that is left to the engine. */
const GROWTH = 1.8;
/** A smaller heap is not worth a collection, bytes. */
const LEAST_BYTES = 52 * 1024 * 1024;

/**
 * Collects garbage before the heap has grown by as much again as is live, which is when the engine itself would: a planner
 * with 1,000 pods then stays under 200 MB resident, for a collection of some tens of milliseconds every few ticks
 * (`tests/bench/planner_figures.ts`). Does nothing where the engine does not let us.
 */
export class HeapKeeper {
  readonly #collect: (() => void) | undefined;
  #liveBytes = 0;

  constructor() {
    this.#collect = collector();
  }

  /** Call it between two pieces of work. */
  check(): void {
    if (!this.#collect) return;
    const { heapUsed } = Deno.memoryUsage();
    if (heapUsed < Math.max(LEAST_BYTES, this.#liveBytes * GROWTH)) return;
    this.#collect();
    this.#liveBytes = Deno.memoryUsage().heapUsed;
  }
}

function collector(): (() => void) | undefined {
  try {
    v8.setFlagsFromString("--expose-gc");
    const found: unknown = vm.runInNewContext("gc");
    return typeof found === "function" ? () => void found() : undefined;
  } catch {
    return undefined;
  }
}
