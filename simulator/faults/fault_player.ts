/** Plays faults at their times: those that last into the set of active ones, those that happen once to whoever they hit. @module */

import { ActiveFaults } from "./active_faults.ts";
import { endOf, type Fault, FAULT_KINDS } from "./fault.ts";

/** Takes a fault at its beginning and, if it lasts, at its end; returns false for what does not concern it. */
export interface FaultTarget {
  begin(fault: Fault): unknown;
  end?(fault: Fault): unknown;
}

interface Turn {
  readonly atMs: number;
  readonly fault: Fault;
  readonly begins: boolean;
}

/** A schedule of faults, played as time passes. */
export class FaultPlayer {
  readonly active: ActiveFaults;
  readonly #turns: readonly Turn[];
  readonly #targets: readonly FaultTarget[];
  #next = 0;

  /**
   * @param faults in any order
   * @param active the set that the world reads
   * @param targets told of each beginning and end, in this order, after the set has it
   * @throws {Error} for a fault whose time is no time
   */
  constructor(
    faults: readonly Fault[],
    active: ActiveFaults,
    targets: readonly FaultTarget[],
  ) {
    this.active = active;
    this.#targets = targets;
    const turns: Turn[] = [];
    for (const fault of faults) {
      const untilMs = endOf(fault);
      if (!(fault.atMs >= 0) || !(untilMs >= fault.atMs)) {
        throw new Error(
          `The fault "${fault.kind}" lasts from ${fault.atMs} to ${untilMs} ms: expected a begin of at least 0 and an end not before it.`,
        );
      }
      turns.push({ atMs: fault.atMs, fault, begins: true });
      if (lasts(fault) && untilMs < Infinity) {
        turns.push({ atMs: untilMs, fault, begins: false });
      }
    }
    // Sorting is stable: faults of one instant come in the order given, ends of an instant before its beginnings.
    this.#turns = turns.sort((a, b) =>
      a.atMs - b.atMs || Number(a.begins) - Number(b.begins)
    );
  }

  /** When something begins or ends next; infinite when nothing does any more. */
  get nextMs(): number {
    return this.#turns[this.#next]?.atMs ?? Infinity;
  }

  /** When the last fault begins or ends. */
  get lastMs(): number {
    return this.#turns.at(-1)?.atMs ?? 0;
  }

  /** Plays what is due. @returns whether anything was */
  playUntil(nowMs: number): boolean {
    const from = this.#next;
    for (
      let turn = this.#turns[this.#next];
      turn && turn.atMs <= nowMs;
      turn = this.#turns[this.#next]
    ) {
      this.#next++;
      this.#play(turn);
    }
    return this.#next > from;
  }

  #play({ fault, begins }: Turn): void {
    if (lasts(fault)) {
      if (begins) this.active.begin(fault);
      else this.active.end(fault);
    }
    for (const target of this.#targets) {
      if (begins) target.begin(fault);
      else target.end?.(fault);
    }
  }
}

/** Whether a fault is a state, and not an instant. */
export function lasts(fault: Fault): boolean {
  return endOf(fault) > fault.atMs;
}

/** Whether a word names a kind of fault. */
export function isFaultKind(kind: string): kind is Fault["kind"] {
  return (FAULT_KINDS as readonly string[]).includes(kind);
}
