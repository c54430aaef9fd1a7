/** What is wrong right now: raised once, cleared once, so that logs carry transitions and not states. @module */

/** The part that a fault concerns. */
export type FaultPart =
  | "source"
  | "search"
  | "ledger"
  | "snapshot"
  | "fleet"
  | "state_file"
  | "decision_file"
  | "clock"
  | "configuration"
  | "admission"
  | "tick";

/** Every part, for metrics. */
export const FAULT_PARTS: readonly FaultPart[] = [
  "source",
  "search",
  "ledger",
  "snapshot",
  "fleet",
  "state_file",
  "decision_file",
  "clock",
  "configuration",
  "admission",
  "tick",
];

/** One fault that lasts. */
export interface Fault {
  readonly part: FaultPart;
  readonly message: string;
  readonly sinceMs: number;
}

/** A change of the faults. */
export type FaultChange =
  | { readonly kind: "raised"; readonly fault: Fault }
  | { readonly kind: "cleared"; readonly fault: Fault; readonly atMs: number };

/** The faults of a process, one a part. */
export class Faults {
  readonly #active = new Map<FaultPart, Fault>();
  readonly #changed: (change: FaultChange) => void;

  constructor(changed: (change: FaultChange) => void) {
    this.#changed = changed;
  }

  /** Raises a fault; a second one of the same part replaces the message, and only a new message is told. */
  raise(part: FaultPart, message: string, atMs: number): void {
    const before = this.#active.get(part);
    if (before?.message === message) return;
    const fault = { part, message, sinceMs: before?.sinceMs ?? atMs };
    this.#active.set(part, fault);
    this.#changed({ kind: "raised", fault });
  }

  clear(part: FaultPart, atMs: number): void {
    const fault = this.#active.get(part);
    if (!fault) return;
    this.#active.delete(part);
    this.#changed({ kind: "cleared", fault, atMs });
  }

  list(): readonly Fault[] {
    return [...this.#active.values()];
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
