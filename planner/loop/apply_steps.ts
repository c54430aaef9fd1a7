/** Carries out a transition's steps: in order, one in flight a pod, no write repeated blindly (C4, C7). @module */

import type { Clock } from "../../cluster/mod.ts";
import type { Step, StepOutcome } from "../core/mod.ts";
import type { Fleet } from "../fleets/mod.ts";
import { messageOf } from "./faults.ts";
import { NOT_AWAITED } from "./in_time.ts";
import { Refusals } from "./refusals.ts";

/** Patches go out side by side, so many at once: neither a cut nor a take-over waits for one slow answer after the other. */
const LANES = 16;

/** What the steps are carried out with. */
export interface ApplyOptions {
  readonly fleet: Pick<Fleet, "apply">;
  readonly clock: Clock;
  /** How long one answer is waited for before the write counts as unanswered, milliseconds. */
  readonly patienceMs: number;
  /** How long a write may take at all before it is cancelled, milliseconds. */
  readonly cancelAfterMs: number;
  /** Whether more may be sent: false once a stop was asked for, or the configuration is another one (P7). */
  readonly mayStart: (step: Step) => boolean;
  /** Called once for each step that was sent. */
  readonly settled: (step: Step, outcome: StepOutcome) => void;
}

/** Sends steps; remembers writes that were given up on and still run. */
export class StepRunner {
  readonly #options: ApplyOptions;
  /** Writes without an answer yet, by their target. */
  readonly #inFlight = new Map<string, Promise<unknown>>();
  readonly #refusals = new Refusals();

  constructor(options: ApplyOptions) {
    this.#options = options;
  }

  /** Writes that are under way, also those that nobody waits for any more. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Resolves when every write that is under way now has its answer. */
  async drained(): Promise<void> {
    await Promise.all(this.#inFlight.values());
  }

  /**
   * Sends the steps of one batch. A conflict, a refusal or a missing answer ends it for everything that could add watts or
   * replicas and was not sent yet; lowers, stamps and scale-downs go on.
   */
  async run(steps: readonly Step[]): Promise<void> {
    let broken = false;
    const due = this.#refusals.due(
      steps,
      this.#options.clock.now(),
      alwaysSafe,
    );
    for (const group of inGroups(due)) {
      const outcomes = await Promise.all(
        group.map((step) =>
          broken && !alwaysSafe(step) ? undefined : this.#send(step)
        ),
      );
      broken ||= outcomes.some((outcome, at) =>
        outcome
          ? outcome.kind !== "done" && outcome.kind !== "gone"
          // An earlier batch's PUT has no answer yet: this batch has none, and may not raise (C4).
          : group[at]?.kind === "lease"
      );
    }
  }

  async #send(step: Step): Promise<StepOutcome | undefined> {
    const { fleet, clock, patienceMs, cancelAfterMs } = this.#options;
    const key = targetOf(step);
    if (this.#inFlight.has(key) || !this.#options.mayStart(step)) {
      return undefined;
    }
    const cancel = new AbortController();
    const timers = new AbortController();
    const answer = applied(fleet, step, cancel.signal).finally(() => {
      this.#inFlight.delete(key);
      timers.abort(NOT_AWAITED);
    });
    this.#inFlight.set(key, answer);
    clock.sleep(cancelAfterMs, timers.signal).then(() => {
      if (!timers.signal.aborted) {
        cancel.abort(new Error("The write took too long."));
      }
    });
    const outcome = await Promise.race([
      answer,
      clock.sleep(patienceMs, timers.signal).then(():
        | StepOutcome
        | Promise<StepOutcome> =>
        // The answer ends the timers: then the answer is what counts.
        timers.signal.aborted ? answer : {
          kind: "unanswered",
          reason: `no answer within ${patienceMs / 1000} s`,
        }
      ),
    ]);
    this.#refusals.settled(step, outcome, clock.now());
    this.#options.settled(step, outcome);
    return outcome;
  }
}

/** The port never throws for what a server answers; whatever it throws, the write may have landed. */
async function applied(
  fleet: Pick<Fleet, "apply">,
  step: Step,
  signal: AbortSignal,
): Promise<StepOutcome> {
  try {
    return await fleet.apply(step, signal);
  } catch (error) {
    return { kind: "unanswered", reason: messageOf(error) };
  }
}

/** Steps that may go out side by side; a step that is `alone` waits for the answer to the one before it. */
type Lane = "safe" | "grants" | "alone";

/** Runs of steps of one lane, at most {@linkcode LANES} at once; no run begins before the one before it is answered. */
function inGroups(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  let before: Lane = "alone";
  for (const step of steps) {
    const lane = laneOf(step);
    const open = groups.at(-1);
    if (open && lane === before && lane !== "alone" && open.length < LANES) {
      open.push(step);
    } else groups.push([step]);
    before = lane;
  }
  return groups;
}

/** Grants and raises of a batch are of different pods and charged together before the first of them is sent (C2). */
function laneOf(step: Step): Lane {
  if (alwaysSafe(step)) return "safe";
  return step.kind === "patch" ? "grants" : "alone";
}

/** Never adds a watt, whatever else happened (C2: lowers always; C12: a stamp keeps or lowers; a claim permits nothing). */
export function alwaysSafe(step: Step): boolean {
  switch (step.kind) {
    case "lease":
      return false;
    case "patch":
      return step.purpose === "lower" || step.purpose === "stamp" ||
        step.purpose === "claim";
    case "scale":
      return step.fromReplicas !== undefined &&
        step.replicas < step.fromReplicas;
  }
}

/** What a write is to: at most one is under way for each. */
function targetOf(step: Step): string {
  switch (step.kind) {
    case "lease":
      return "lease";
    case "patch":
      return `pod ${step.pod.uid}`;
    case "scale":
      return `scale ${step.side}`;
  }
}
