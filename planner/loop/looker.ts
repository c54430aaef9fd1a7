/** One look at the fleet within its time. @module */

import type { Clock } from "../../cluster/mod.ts";
import type { FleetSnapshot } from "../core/mod.ts";
import type { Fleet } from "../fleets/mod.ts";
import { messageOf } from "./faults.ts";

/** What a look gives. */
export type Look =
  | { readonly kind: "snapshot"; readonly snapshot: FleetSnapshot }
  | { readonly kind: "failed"; readonly message: string };

/** Looks at a fleet, one question at a time. */
export class Looker {
  /** The newest snapshot; old ones are for the inventory of a decision only, nothing is staged from them. */
  last: FleetSnapshot | undefined;
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #pending = false;

  constructor(fleet: Fleet, clock: Clock, timeoutMs: number) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Never throws. */
  async look(signal: AbortSignal): Promise<Look> {
    const name = this.#fleet.name;
    if (this.#pending) {
      return {
        kind: "failed",
        message: `${name} has not answered the last question yet.`,
      };
    }
    this.#pending = true;
    const timer = new AbortController();
    const ended = new AbortController();
    const answer = this.#ask(AbortSignal.any([signal, ended.signal]))
      .finally(() => {
        this.#pending = false;
        timer.abort();
      });
    const late = this.#clock.sleep(
      this.#timeoutMs,
      AbortSignal.any([timer.signal, signal]),
    ).then(() =>
      timer.signal.aborted ? answer : {
        kind: "failed" as const,
        message: `${name} gave no answer within ${this.#timeoutMs / 1000} s.`,
      }
    );
    const look = await Promise.race([answer, late]);
    timer.abort();
    ended.abort();
    if (look.kind === "snapshot") this.last = look.snapshot;
    return look;
  }

  async #ask(signal: AbortSignal): Promise<Look> {
    try {
      return {
        kind: "snapshot",
        snapshot: await this.#fleet.snapshot(signal),
      };
    } catch (error) {
      return {
        kind: "failed",
        message: `${this.#fleet.name}: ${messageOf(error)}`,
      };
    }
  }
}
