/** Since when things are waited for; what is not asked about is forgotten, so the memory is bounded by what there is. @module */

/** Deadlines, milliseconds. A missed one alarms and never releases a charge (C9). */
export const DEADLINES_MS = {
  /** A patch that lowers, until a report shows it. After it the others make up for the GPU (C15). */
  lower: 10_000,
  /** A grant, until a report shows it. */
  grant: 30_000,
  /** A write without an answer, until its pod is seen to have moved. Then a stamp makes it move: it lands, or the write had. */
  write: 5_000,
  /** A pod that goes, until its GPUs are free: the usual grace period and the agent's proof, with some air. */
  leave: 60_000,
  /** A new pod, until a report places it. */
  place: 300_000,
  /** A worker that loads, until nobody is kept above their caps for it any more: weights of hundreds of GB take minutes. */
  load: 1_800_000,
  /** A silent agent, until its node is called lost. */
  lost: 300_000,
} as const;

/** Times by key, taken over from the last stage where they were asked for again. */
export class Since {
  readonly #next: Record<string, number> = {};

  constructor(
    private readonly before: Readonly<Record<string, number>>,
    readonly nowMs: number,
  ) {}

  /** Since when this has been so, asked without a gap. */
  of(key: string): number {
    return this.#next[key] ??= Math.min(
      this.before[key] ?? this.nowMs,
      this.nowMs,
    );
  }

  /** Whether it has been so for at least this long. */
  isOver(key: string, milliseconds: number): boolean {
    return this.nowMs - this.of(key) >= milliseconds;
  }

  get next(): Readonly<Record<string, number>> {
    return this.#next;
  }
}
