/** Sets the thresholds of an applied configuration on every frontend (R18). @module */

import type { Clock } from "../../cluster/mod.ts";
import { logger } from "../../service/mod.ts";
import {
  type BusyThreshold,
  busyThreshold,
  type Thresholds,
} from "./busy_threshold.ts";
import { type AdmissionCounters, counted, NO_POSTS } from "./counters.ts";
import type { FrontendPod, FrontendPods } from "./frontend_pod.ts";
import { post, type PostOutcome } from "./post.ts";

/** What the setter is made of. */
export interface AdmissionSetterOptions {
  /** Name under which the frontends serve the model. */
  readonly model: string;
  readonly pods: FrontendPods;
  /** Port of a frontend that names none. */
  readonly fallbackPort: number;
  readonly clock: Clock;
}

/** What one apply came to. */
export type AdmissionResult =
  /** `off`, `inherit`, or nothing is implied yet: no write is made. */
  | { readonly kind: "nothing_to_post" }
  /** Advisory or paused: the body, and the pods that would have got it. */
  | {
    readonly kind: "withheld";
    readonly body: BusyThreshold;
    readonly pods: readonly string[];
  }
  | { readonly kind: "list_failed"; readonly message: string }
  | {
    readonly kind: "posted";
    readonly body: BusyThreshold;
    /** All frontends took it; with none there is nothing that did. */
    readonly everywhere: boolean;
    readonly outcomes: readonly PostOutcome[];
  };

/** Posts at the same time; more frontends wait for their turn. */
const MOST_AT_ONCE = 128;

/**
 * Posts after each applied configuration. Failures are counted and told, nothing is rolled back, and the next apply
 * posts to everyone again (`docs/decisions/0072-partial-admission.md`). `inherit` never comes here: it only exports.
 */
export class AdmissionSetter {
  readonly #options: AdmissionSetterOptions;
  readonly #log = logger("planner.admission");
  #counters = NO_POSTS;
  #batchedTokensWereKnown = true;
  #lastFailures = "";

  constructor(options: AdmissionSetterOptions) {
    this.#options = options;
  }

  /** Counts since the start. */
  get counters(): AdmissionCounters {
    return this.#counters;
  }

  /**
   * Applies thresholds.
   *
   * @param thresholds with `mode`, as a decision carries them; undefined when there are none
   * @param writes false under `advisory` and `paused`: nothing leaves the process
   * @throws the signal's reason when that aborts
   */
  async apply(
    thresholds:
      | Thresholds & { readonly mode: "inherit" | "autoset" }
      | undefined,
    { writes, signal }: {
      readonly writes: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<AdmissionResult> {
    if (thresholds?.mode !== "autoset") return { kind: "nothing_to_post" };
    const body = busyThreshold(this.#options.model, thresholds);
    if (!body) return { kind: "nothing_to_post" };
    this.#tellBatchedTokens(thresholds);
    let pods: readonly FrontendPod[];
    try {
      pods = await this.#options.pods.list(signal);
    } catch (error) {
      signal.throwIfAborted();
      return this.#listFailed(error);
    }
    if (!writes) {
      return { kind: "withheld", body, pods: pods.map(({ name }) => name) };
    }
    const outcomes = await this.#postAll(pods, body, signal);
    this.#counters = counted(this.#counters, outcomes);
    this.#tellFailures(outcomes);
    return {
      kind: "posted",
      body,
      everywhere: outcomes.every(({ kind }) => kind === "set"),
      outcomes,
    };
  }

  async #postAll(
    pods: readonly FrontendPod[],
    body: BusyThreshold,
    signal: AbortSignal,
  ): Promise<PostOutcome[]> {
    const { fallbackPort, clock } = this.#options;
    const outcomes: PostOutcome[] = [];
    for (let from = 0; from < pods.length; from += MOST_AT_ONCE) {
      const some = pods.slice(from, from + MOST_AT_ONCE);
      outcomes.push(
        ...await Promise.all(
          some.map((pod) => post(pod, { body, fallbackPort, clock, signal })),
        ),
      );
    }
    return outcomes;
  }

  #listFailed(error: unknown): AdmissionResult {
    const message = error instanceof Error ? error.message : String(error);
    this.#counters = {
      ...this.#counters,
      listFailed: this.#counters.listFailed + 1,
    };
    this.#log.error(
      "Frontends could not be listed; admission thresholds stay: {message}",
      { message },
    );
    return { kind: "list_failed", message };
  }

  /** The share alone still protects; the absolute limit is missing, and that is said once an episode. */
  #tellBatchedTokens({ setThetaPrefill, setPrefillTokens }: Thresholds): void {
    const isUnknown = setThetaPrefill !== undefined &&
      setPrefillTokens === undefined;
    if (isUnknown) {
      this.#counters = {
        ...this.#counters,
        batchedTokensUnknown: this.#counters.batchedTokensUnknown + 1,
      };
    }
    if (isUnknown && this.#batchedTokensWereKnown) {
      this.#log.fatal(
        "No prefill worker says its max_num_batched_tokens: active_prefill_tokens_threshold is left out",
      );
    }
    this.#batchedTokensWereKnown = !isUnknown;
  }

  /** Changes are told, not states. */
  #tellFailures(outcomes: readonly PostOutcome[]): void {
    const failures = outcomes.flatMap((outcome) =>
      outcome.kind === "failed" ? [`${outcome.pod}: ${outcome.message}`] : []
    );
    const told = failures.join(" ");
    if (told === this.#lastFailures) return;
    this.#lastFailures = told;
    if (failures.length === 0) {
      this.#log.info("All {frontends} frontends took their thresholds again", {
        frontends: outcomes.length,
      });
      return;
    }
    this.#log.warn(
      "{failed} of {frontends} frontends did not take their thresholds: {message}",
      {
        failed: failures.length,
        frontends: outcomes.length,
        message: failures.slice(0, 5).join(" "),
      },
    );
  }
}
