/** One observation within its time, whatever the source does. @module */

import type { Clock } from "../../cluster/mod.ts";
import type { Observation, SourceProblem } from "../core/mod.ts";
import { messageOf } from "./faults.ts";
import type { ObservationRequest, TrafficSource } from "../sources/mod.ts";

/** Asks a source, one question at a time. */
export class Observer {
  readonly #source: TrafficSource;
  readonly #clock: Clock;
  #pending = false;

  constructor(source: TrafficSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * Always an observation: a source that throws, hangs, or still hangs from last time is one that knows nothing (R19 row 15).
   *
   * @param timeoutMs longest wait
   * @param signal ends the wait early
   */
  async observe(
    request: ObservationRequest,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Observation> {
    if (this.#pending) {
      return nothing(request, {
        kind: "timeout",
        what: this.#source.name,
        message: "The last question has no answer yet; no new one was asked.",
      });
    }
    this.#pending = true;
    const ended = new AbortController();
    const timer = new AbortController();
    const outer = AbortSignal.any([signal, ended.signal]);
    const answer = this.#ask(request, outer).finally(() => {
      this.#pending = false;
      timer.abort();
    });
    const late = this.#clock.sleep(
      timeoutMs,
      AbortSignal.any([timer.signal, signal]),
    ).then(() =>
      timer.signal.aborted ? answer : nothing(request, {
        kind: "timeout",
        what: this.#source.name,
        message: signal.aborted
          ? "The planner stops."
          : `No answer within ${timeoutMs / 1000} s.`,
      })
    );
    const observation = await Promise.race([answer, late]);
    timer.abort();
    ended.abort();
    return observation;
  }

  async #ask(
    request: ObservationRequest,
    signal: AbortSignal,
  ): Promise<Observation> {
    try {
      return await this.#source.observe(request, signal);
    } catch (error) {
      return nothing(request, {
        kind: "unreachable",
        what: this.#source.name,
        message: messageOf(error),
      });
    }
  }
}

/** An observation that knows nothing. */
export function nothing(
  { atMs, windowSeconds }: Pick<ObservationRequest, "atMs" | "windowSeconds">,
  problem?: SourceProblem,
): Observation {
  return {
    atMs,
    windowSeconds,
    requests: undefined,
    islTokens: undefined,
    oslTokens: undefined,
    ...(problem ? { problems: [problem] } : {}),
  };
}
