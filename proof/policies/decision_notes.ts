/** What a policy decided, as far as a person wants to read it, and how often it turned around. @module */

import {
  type Decision,
  type PerSide,
  reasonText,
  severityOf,
} from "../../planner/portable_planner.ts";
import { Flips } from "./flips.ts";

/** One decision that changed something or was worth a warning. */
export interface DecisionNote {
  readonly atSeconds: number;
  readonly title: string;
  readonly reasons: readonly string[];
  readonly severity: "info" | "warning" | "alarm";
}

/** Decisions are many; a report keeps so many of them. */
const MOST_KEPT = 600;

/** Listens to decisions. */
export class DecisionNotes {
  readonly kept: DecisionNote[] = [];
  wanted: PerSide<number> = {};
  capWatts: PerSide<number> = {};
  /** Decisions in all, and those that a budget held back. */
  count = 0;
  bound = 0;
  readonly #beginMs: number;
  readonly #replicaFlips = new Map<string, Flips>();
  readonly #capFlips = new Map<string, Flips>();
  #title = "";

  /** @param beginMs what counts begins then, on the planner's clock */
  constructor(beginMs: number) {
    this.#beginMs = beginMs;
  }

  get replicaFlips(): number {
    return sumOf(this.#replicaFlips);
  }

  get capFlips(): number {
    return sumOf(this.#capFlips);
  }

  add(decision: Decision): void {
    const { targets, reasons, nowMs } = decision;
    this.count++;
    const isBound = reasons.some(({ kind }) =>
      kind === "power_budget" || kind === "below_floor"
    );
    if (isBound) this.bound++;
    for (const { side, replicas, capWatts } of targets) {
      flipsOf(this.#replicaFlips, side).see(replicas);
      flipsOf(this.#capFlips, side).see(capWatts);
    }
    this.wanted = Object.fromEntries(
      targets.map(({ side, replicas }) => [side, replicas]),
    );
    this.capWatts = Object.fromEntries(
      targets.flatMap(({ side, capWatts }) =>
        capWatts === undefined ? [] : [[side, capWatts]]
      ),
    );
    const title = titleOf(decision);
    const severity = worst(decision);
    if (title === this.#title && severity !== "alarm") return;
    this.#title = title;
    if (this.kept.length >= MOST_KEPT) return;
    this.kept.push({
      atSeconds: (nowMs - this.#beginMs) / 1000,
      title,
      reasons: reasons.map((reason) => reasonText(reason)),
      severity,
    });
  }
}

/** `11+5 replicas, caps 490/414 W` */
function titleOf({ targets }: Decision): string {
  const replicas = targets.map((one) => one.replicas).join("+");
  const caps = targets.map(({ capWatts }) => capWatts ?? "–").join("/");
  return targets.some(({ capWatts }) => capWatts !== undefined)
    ? `${replicas} replicas, caps ${caps} W`
    : `${replicas} replicas, no caps`;
}

function worst({ reasons }: Decision): DecisionNote["severity"] {
  const found = reasons.map(severityOf);
  if (found.includes("critical")) return "alarm";
  return found.includes("warning") ? "warning" : "info";
}

function flipsOf(known: Map<string, Flips>, side: string): Flips {
  const flips = known.get(side) ?? new Flips();
  known.set(side, flips);
  return flips;
}

function sumOf(known: ReadonlyMap<string, Flips>): number {
  return [...known.values()].reduce((sum, { count }) => sum + count, 0);
}
