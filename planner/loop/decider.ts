/** One decision, also when the search throws or does not come back. @module */

import type { Clock } from "../../cluster/mod.ts";
import type {
  CapacityModel,
  DecisionInput,
  PlannerState,
} from "../core/mod.ts";
import { messageOf } from "./faults.ts";
import type { Brain, Decided } from "./ports.ts";

/** What trying to decide gives. */
export interface DecideResult {
  /** Absent: the last decision stays in force. */
  readonly decided: Decided | undefined;
  readonly durationMs: number;
  /** What went wrong, in a sentence. */
  readonly fault: string | undefined;
  readonly timedOut: boolean;
}

/** Calls the pure core and survives it. */
export class Decider<Ledger> {
  readonly #brain: Brain<Ledger>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(brain: Brain<Ledger>, clock: Clock, timeoutMs: number) {
    this.#brain = brain;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Decides. When that throws, the same question is asked of a model that knows nothing: the core then holds the last
   * targets within the budgets and says so. When that throws too, the last decision stays.
   */
  async decide(
    state: PlannerState,
    input: DecisionInput,
  ): Promise<DecideResult> {
    const startedMs = this.#clock.now();
    const took = () => this.#clock.now() - startedMs;
    try {
      const decided = await this.#inTime(this.#brain.decide(state, input));
      if (decided) {
        return {
          decided,
          durationMs: took(),
          fault: undefined,
          timedOut: false,
        };
      }
      return {
        decided: await this.#held(
          state,
          input,
          "The search did not come back in time.",
        ),
        durationMs: took(),
        fault: `The decision took longer than ${this.#timeoutMs / 1000} s.`,
        timedOut: true,
      };
    } catch (error) {
      const message = messageOf(error);
      return {
        decided: await this.#held(state, input, message),
        durationMs: took(),
        fault: `The decision failed: ${message}`,
        timedOut: false,
      };
    }
  }

  async #held(
    state: PlannerState,
    input: DecisionInput,
    message: string,
  ): Promise<Decided | undefined> {
    try {
      return await this.#inTime(
        this.#brain.decide(state, {
          ...input,
          model: silentModel(input.model, message),
        }),
      );
    } catch {
      return undefined;
    }
  }

  /** Undefined after the time. What runs on is forgotten: a pure function changes nothing. */
  async #inTime(
    answer: Decided | Promise<Decided>,
  ): Promise<Decided | undefined> {
    if (!(answer instanceof Promise)) return answer;
    const timer = new AbortController();
    try {
      return await Promise.race([
        answer,
        this.#clock.sleep(this.#timeoutMs, timer.signal).then(() =>
          timer.signal.aborted ? answer : undefined
        ),
      ]);
    } finally {
      timer.abort();
      answer.catch(() => undefined);
    }
  }
}

/** The same GPUs, and no answer to any question. */
function silentModel(model: CapacityModel, message: string): CapacityModel {
  const silent = { kind: "no_answer", code: "internal", message } as const;
  return {
    gpusPerReplica: model.gpusPerReplica,
    usualIslTokens: model.usualIslTokens,
    usualOslTokens: model.usualOslTokens,
    gpu: model.gpu,
    answer: () => silent,
    searchFleet: () => silent,
  };
}
