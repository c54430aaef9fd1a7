/** Judges a run by its scenario's claims. A claim that could not be evaluated is one that failed. @module */

import { evaluate, numberOf, type Value } from "../expression/mod.ts";
import type { Against, Assertion, When } from "../schema/scenario.ts";
import type { SnapshotField } from "../snapshot.ts";
import { compare } from "./compare.ts";
import { describe } from "./describe.ts";
import type { History, LogEntry } from "./history.ts";

/** One claim and what became of it. */
export interface Verdict {
  readonly claim: string;
  readonly ours: boolean;
  readonly passed: boolean;
  /** Ticks, or log entries, that were really compared. */
  readonly evaluated: number;
  /** Why it failed, with the value that was found. */
  readonly found: string | undefined;
}

/** Judges one claim. */
export function judge(assertion: Assertion, history: History): Verdict {
  const result = assertion.kind === "event"
    ? judgeEvents(assertion, history)
    : judgeTicks(assertion, history);
  const { ours } = assertion;
  const claim = assertion.description ?? describe(assertion);
  if (result.passed && result.evaluated === 0) {
    return {
      claim,
      ours,
      passed: false,
      evaluated: 0,
      found: "nothing could be evaluated",
    };
  }
  return { claim, ours, ...result };
}

type Result = Pick<Verdict, "passed" | "evaluated" | "found">;
type TickAssertion = Exclude<Assertion, { kind: "event" }>;

function judgeTicks(assertion: TickAssertion, history: History): Result {
  const { when } = assertion;
  const ticks = ticksOf(when).filter((tick) => tick < history.snapshots.length);
  let evaluated = 0;
  let last = "the run has no such tick";
  for (const tick of ticks) {
    const { holds, found } = look(assertion, history, tick);
    if (holds !== undefined) evaluated++;
    last = `tick ${tick}: ${found}`;
    if (holds === true && when.kind === "eventually") {
      return { passed: true, evaluated, found: undefined };
    }
    if (holds === false && when.kind !== "eventually") {
      return { passed: false, evaluated, found: last };
    }
    if (holds === undefined && when.kind === "at") {
      return { passed: false, evaluated, found: `${last} (unknown)` };
    }
  }
  return when.kind === "eventually" || ticks.length === 0
    ? { passed: false, evaluated, found: `never; ${last}` }
    : { passed: true, evaluated, found: undefined };
}

function ticksOf(when: When): number[] {
  if (when.kind === "at") return [when.tick];
  return Array.from(
    { length: when.to - when.from + 1 },
    (_, index) => when.from + index,
  );
}

function look(
  assertion: TickAssertion,
  history: History,
  tick: number,
): { readonly holds: boolean | undefined; readonly found: string } {
  if (assertion.kind === "expression") {
    const value = evaluate(assertion.expression, {
      tick,
      ticks: history.snapshots.length,
      field: (name, at) => fieldAt(history, name, at),
      planner: (name, at) => history.planner(name, at) ?? null,
      growth: (name, at) => growth(history, name, at),
    });
    return {
      holds: value === null ? undefined : numberOf(value) !== 0,
      found: `found ${String(value)}`,
    };
  }
  const actual = actualOf(assertion, history, tick);
  const expected = expectedOf(assertion.against, history, tick);
  const { op, tolerance } = assertion;
  return {
    holds: compare(actual, op, expected, tolerance),
    found: `found ${written(actual)}${
      assertion.against.kind === "value"
        ? ""
        : `, to be ${op} ${written(expected)}`
    }`,
  };
}

function actualOf(
  assertion: Exclude<TickAssertion, { kind: "expression" }>,
  history: History,
  tick: number,
): Value {
  switch (assertion.kind) {
    case "field":
      return fieldAt(history, assertion.field, tick);
    case "counter":
      return assertion.perTick
        ? growth(history, assertion.counter, tick)
        : fieldAt(history, assertion.counter, tick);
    case "change": {
      const now = numberOf(fieldAt(history, assertion.field, tick));
      const then = numberOf(
        fieldAt(history, assertion.field, assertion.sinceTick),
      );
      return now === null || then === null ? null : now - then;
    }
  }
}

function expectedOf(against: Against, history: History, tick: number): Value {
  switch (against.kind) {
    case "value":
      return against.value;
    case "field":
      return fieldAt(history, against.name, tick);
    case "planner":
      return history.planner(against.name, tick) ?? null;
  }
}

function fieldAt(history: History, name: string, tick: number): Value {
  return history.snapshots[tick]?.[name as SnapshotField] ?? null;
}

function growth(history: History, name: string, tick: number): Value {
  const now = numberOf(fieldAt(history, name, tick));
  if (tick === 0) return now;
  const before = numberOf(fieldAt(history, name, tick - 1));
  return now === null || before === null ? null : now - before;
}

function written(value: Value): string {
  return typeof value === "number"
    ? `${Math.round(value * 1e4) / 1e4}`
    : value === null
    ? "nothing"
    : String(value);
}

function judgeEvents(
  { event, where, from, by, count }: Extract<Assertion, { kind: "event" }>,
  { log, snapshots }: History,
): Result {
  if (snapshots.length === 0) {
    return { passed: false, evaluated: 0, found: "the run has no ticks" };
  }
  const matching = log.filter((entry) =>
    entry.event === event && entry.tick >= from && entry.tick <= by &&
    matches(entry, where)
  );
  const passed = compare(matching.length, count.op, count.value) === true;
  const ticks = matching.slice(0, 5).map(({ tick }) => tick).join(", ");
  return {
    passed,
    evaluated: 1,
    found: passed
      ? undefined
      : `found ${matching.length} in ticks ${from} to ${by}${
        ticks === "" ? "" : `, the first in ${ticks}`
      }`,
  };
}

function matches(
  { says }: LogEntry,
  where: Readonly<Record<string, string | number | boolean>>,
): boolean {
  return Object.entries(where).every(([name, expected]) => {
    const actual = says[name] ?? null;
    if (typeof expected === "string" && expected.startsWith("re:")) {
      return actual !== null &&
        new RegExp(expected.slice(3)).test(String(actual));
    }
    return compare(actual, "==", expected) === true;
  });
}
