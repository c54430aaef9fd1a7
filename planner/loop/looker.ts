/** One look at the fleet within its time. @module */

import type { Clock } from "../../cluster/mod.ts";
import type { FleetSnapshot } from "../core/mod.ts";
import type { Fleet } from "../fleets/mod.ts";
import { messageOf } from "./faults.ts";
import { inTime } from "./in_time.ts";

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
    const look = await inTime((cancel) => this.#ask(cancel), {
      clock: this.#clock,
      timeoutMs: this.#timeoutMs,
      signal,
    }) ?? {
      kind: "failed",
      message: `${name} gave no answer within ${this.#timeoutMs / 1000} s.`,
    };
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
    } finally {
      this.#pending = false;
    }
  }
}
