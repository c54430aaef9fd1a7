/** One observation within its time, whatever the source does. @module */

import type { Clock } from "../../cluster/mod.ts";
import type { Observation, SourceProblem } from "../core/mod.ts";
import { messageOf } from "./faults.ts";
import { inTime } from "./in_time.ts";
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
    return await inTime((cancel) => this.#ask(request, cancel), {
      clock: this.#clock,
      timeoutMs,
      signal,
    }) ?? nothing(request, {
      kind: "timeout",
      what: this.#source.name,
      message: signal.aborted
        ? "The planner stops."
        : `No answer within ${timeoutMs / 1000} s.`,
    });
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
    } finally {
      this.#pending = false;
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
