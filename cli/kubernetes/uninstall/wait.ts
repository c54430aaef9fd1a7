/** Waiting for the cluster, with an end. @module */

import {
  type Clock,
  decodeNodePowerReport,
  REPORT_API_VERSION,
} from "../../../cluster/mod.ts";
import type { Progress } from "../../command.ts";
import { STALE_MS } from "../checks/reports.ts";
import { nameOf, readList } from "../reading.ts";
import type { CheckTarget } from "../target.ts";

/** How a command waits. */
export class Patience {
  readonly #clock: Clock;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  readonly #budgetMs: number;

  constructor(
    { clock, progress, signal, budgetMs }: {
      readonly clock: Clock;
      readonly progress: Progress;
      readonly signal: AbortSignal;
      readonly budgetMs: number;
    },
  ) {
    this.#clock = clock;
    this.#progress = progress;
    this.#signal = signal;
    this.#budgetMs = budgetMs;
  }

  /**
   * Asks again and again, with pauses.
   *
   * @param holds may return how far it is, for the progress line
   * @returns whether it came to hold before the time was over
   */
  async until(
    holds: () => Promise<boolean | readonly [done: number, total: number]>,
    label: string,
  ): Promise<boolean> {
    const endMs = this.#clock.now() + this.#budgetMs;
    for (;;) {
      const answer = await holds();
      const [done, total] = typeof answer === "boolean"
        ? [answer ? 1 : 0, 1]
        : answer;
      if (done === total) return true;
      const leftMs = endMs - this.#clock.now();
      if (leftMs <= 0) return false;
      this.#progress.update(done, total, label);
      await this.#clock.sleep(Math.min(PAUSE_MS, leftMs), this.#signal);
      this.#signal.throwIfAborted();
    }
  }
}

const PAUSE_MS = 1_000;

/** One node's way back. */
export interface NodeRelease {
  readonly node: string;
  readonly gpus: number;
  /** GPUs that were given back, or never were ours. */
  readonly released: number;
  /** What still holds it up, one text a GPU; a silent node is one. */
  readonly pending: readonly string[];
}

/** What the nodes report; undefined when reports cannot be read or there are none. */
export async function nodeReleases(
  target: CheckTarget,
): Promise<readonly NodeRelease[] | undefined> {
  const reading = await readList(
    target.client,
    `/apis/${REPORT_API_VERSION}/nodepowerreports`,
    target.signal,
  );
  if (reading.kind !== "read") return undefined;
  return reading.value.map((object) => nodeRelease(object, target.now()));
}

/** One node's. Pure. */
export function nodeRelease(object: unknown, nowMs: number): NodeRelease {
  const node = nameOf(object);
  const reading = decodeNodePowerReport(object);
  if (reading.kind === "malformed") {
    return {
      node,
      gpus: 0,
      released: 0,
      pending: [`its report is unusable: ${reading.problems[0] ?? ""}`],
    };
  }
  const { report } = reading;
  const ageMs = nowMs - report.observedAt.getTime();
  const held = report.gpus.filter(({ state }) =>
    state !== "released" && state !== "unmanaged"
  );
  return {
    node,
    gpus: report.gpus.length,
    released: report.gpus.length - held.length,
    pending: ageMs > STALE_MS
      ? [`silent for ${Math.round(ageMs / 1000)} s`]
      : held.map(({ index, state, limitWatts, reason }) =>
        `GPU ${index} is ${state} at ${limitWatts ?? "?"} W${
          reason === "" ? "" : `: ${reason}`
        }`
      ),
  };
}
