/** Limits that moved without us: counted, undone, and not fought over in a loop (C20). Pure but for its memory. @module */

/** What is known about one GPU's drift. */
export interface DriftStatus {
  /** How often the limit was found to differ from the record. */
  readonly count: number;
  /** The limit that was found last, watts. */
  readonly lastWatts: number;
  /** Another writer keeps setting it: repairs are spaced out. */
  readonly contended: boolean;
}

interface Memory {
  count: number;
  lastWatts: number;
  /** Times of the latest repairs, milliseconds of the monotonic clock. */
  repairs: number[];
}

/** This many repairs within the window are taken for chance or maintenance; more is another writer. */
const QUIET_REPAIRS = 3;
const WINDOW_MS = 60_000;
/** Spacing of repairs against another writer: doubles from the first to the last. */
const FIRST_PAUSE_MS = 2_000;
const LAST_PAUSE_MS = 15_000;

/** Remembers drift per GPU. */
export class DriftLog {
  readonly #gpus = new Map<string, Memory>();

  /**
   * Takes note of a limit that differs from the record.
   *
   * @returns whether to set it again now; false while repairs are spaced out
   */
  found(uuid: string, watts: number, nowMs: number): boolean {
    const memory = this.#gpus.get(uuid) ??
      { count: 0, lastWatts: watts, repairs: [] };
    this.#gpus.set(uuid, memory);
    memory.repairs = memory.repairs.filter((at) => nowMs - at < WINDOW_MS);
    const last = memory.repairs.at(-1);
    const extra = memory.repairs.length - QUIET_REPAIRS;
    const pauseMs = extra < 0
      ? 0
      : Math.min(FIRST_PAUSE_MS * 2 ** extra, LAST_PAUSE_MS);
    if (last !== undefined && nowMs - last < pauseMs) return false;
    memory.count++;
    memory.lastWatts = watts;
    memory.repairs.push(nowMs);
    return true;
  }

  /** Forgets nothing of the count; a reload of the driver is no other writer. */
  excuse(uuid: string): void {
    const memory = this.#gpus.get(uuid);
    if (memory) memory.repairs = [];
  }

  status(uuid: string, nowMs: number): DriftStatus | undefined {
    const memory = this.#gpus.get(uuid);
    if (!memory) return undefined;
    const recent = memory.repairs.filter((at) => nowMs - at < WINDOW_MS);
    return {
      count: memory.count,
      lastWatts: memory.lastWatts,
      contended: recent.length >= QUIET_REPAIRS,
    };
  }
}
