/** A ledger that answers as the test says. @module */

import type {
  GateCaller,
  GateLedger,
  GateVerdict,
} from "../../../../agent/ports.ts";

/** The usual reason to wait. */
export const NO_GRANT: GateVerdict = {
  kind: "wait",
  code: "no_grant",
  reason: "The planner has not granted this pod any watts.",
};

/** The usual grant. */
export const OPEN: GateVerdict = {
  kind: "open",
  generation: { epoch: 5, sequence: 3 },
  gpus: [{ uuid: "GPU-1", grantedWatts: 300, limitWatts: 300 }],
};

/** Waits for no grant until the test says otherwise. */
export class FakeLedger implements GateLedger {
  /** Answers each question. */
  answer: (caller: GateCaller) => GateVerdict | Promise<GateVerdict> = () =>
    NO_GRANT;
  readonly asked: GateCaller[] = [];
  /** Callers that stand at the gate now. */
  readonly present: GateCaller[] = [];
  #listeners: (() => void)[] = [];
  #decidedSinceAsked = false;
  #watchers: (() => void)[] = [];

  enter(caller: GateCaller): () => void {
    this.present.push(caller);
    this.#notice();
    return () => {
      this.present.splice(this.present.indexOf(caller), 1);
      this.#notice();
    };
  }

  async ask(caller: GateCaller): Promise<GateVerdict> {
    this.asked.push(caller);
    this.#decidedSinceAsked = false;
    const verdict = await this.answer(caller);
    this.#notice();
    return verdict;
  }

  changed(_podUid: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#decidedSinceAsked) return resolve();
      this.#listeners.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Gives this answer from now on, and wakes those who wait for a change. */
  decide(verdict: GateVerdict): void {
    this.answer = () => verdict;
    this.#decidedSinceAsked = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** Resolves once `holds`, looked at whenever something happens here. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  #notice(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
