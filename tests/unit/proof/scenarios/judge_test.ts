/** Verdicts: a claim that could not be evaluated has failed. @module */

import assert from "node:assert/strict";
import {
  type History,
  judge,
  type LogEntry,
} from "../../../../proof/scenarios/judge/mod.ts";
import type { Assertion } from "../../../../proof/scenarios/schema/mod.ts";
import type { Snapshot } from "../../../../proof/scenarios/snapshot.ts";

const VALUES: readonly Partial<Snapshot>[] = [
  { n_d: 1, violations: 0, c_ttft: null, searches: 1 },
  { n_d: 2, violations: 0, c_ttft: 1.1, searches: 1 },
  { n_d: 4, violations: 2, c_ttft: 1.2, searches: 4 },
];
const LOG: readonly LogEntry[] = [
  { tick: 0, atMs: 0, event: "search", says: { trigger: "startup" } },
  { tick: 2, atMs: 5, event: "search", says: { trigger: "drift" } },
];

const HISTORY: History = {
  snapshots: VALUES as readonly Snapshot[],
  log: LOG,
  planner: (name, tick) =>
    name === "total_gpu_power_limit" ? 4 - tick : undefined,
};

function claim(change: Record<string, unknown>): Assertion {
  return {
    description: undefined,
    ours: false,
    kind: "field",
    field: "n_d",
    op: ">=",
    against: { kind: "value", value: 1 },
    tolerance: 0,
    when: { kind: "always", from: 0, to: 2 },
    ...change,
  } as Assertion;
}

const verdict = (change: Record<string, unknown>) => {
  const { passed, evaluated, found } = judge(claim(change), HISTORY);
  return { passed, evaluated, found };
};

Deno.test("always needs every tick, and says which failed", () => {
  assert.deepEqual(verdict({}), {
    passed: true,
    evaluated: 3,
    found: undefined,
  });
  const failed = verdict({ op: "<", against: { kind: "value", value: 2 } });
  assert.equal(failed.passed, false);
  assert.match(failed.found ?? "", /^tick 1: found 2/);
});

Deno.test("eventually needs one", () => {
  const when = { kind: "eventually", from: 0, to: 2 };
  assert.equal(
    verdict({ when, op: "==", against: { kind: "value", value: 4 } }).passed,
    true,
  );
  assert.match(
    verdict({ when, op: ">", against: { kind: "value", value: 9 } }).found ??
      "",
    /^never/,
  );
});

Deno.test("a value that is unknown at its tick fails", () => {
  const when = { kind: "at", tick: 0 };
  const found = verdict({ field: "c_ttft", when });
  assert.deepEqual([found.passed, found.evaluated], [false, 0]);
});

Deno.test("ticks without a value are not counted, and none at all is a failure", () => {
  assert.equal(verdict({ field: "c_ttft" }).evaluated, 2);
  const when = { kind: "always", from: 0, to: 0 };
  assert.deepEqual(verdict({ field: "c_ttft", when }).passed, false);
});

Deno.test("a counter is compared since the start, or by its growth in the tick", () => {
  const counter = { kind: "counter", counter: "searches", op: "<=" };
  const against = { kind: "value", value: 3 };
  const grown = verdict({ ...counter, perTick: true, against });
  assert.equal(grown.passed, true);
  assert.equal(verdict({ ...counter, perTick: false, against }).passed, false);
});

Deno.test("a change is the difference to an earlier tick", () => {
  const change = {
    kind: "change",
    sinceTick: 0,
    op: "==",
    against: { kind: "value", value: 3 },
    when: { kind: "at", tick: 2 },
  };
  assert.equal(verdict(change).passed, true);
});

Deno.test("a ref to the configuration follows it as it changes", () => {
  const against = { kind: "planner", name: "total_gpu_power_limit" };
  assert.match(verdict({ op: "<=", against }).found ?? "", /^tick 2: found 4/);
});

Deno.test("within has its tolerance of the greater of 1 and the value", () => {
  const at = { kind: "at", tick: 2 };
  const against = { kind: "value", value: 5 };
  const of = (tolerance: number) =>
    verdict({ op: "within", when: at, against, tolerance }).passed;
  assert.deepEqual([of(0.19), of(0.2)], [false, true]);
});

Deno.test("events are counted by what they say, from tick to tick", () => {
  const events = (change: Record<string, unknown>) =>
    judge(
      {
        description: undefined,
        ours: true,
        kind: "event",
        event: "search",
        where: {},
        from: 0,
        by: 9,
        count: { op: ">=", value: 1 },
        ...change,
      } as Assertion,
      HISTORY,
    ).passed;
  assert.equal(events({ where: { trigger: "drift" } }), true);
  assert.equal(events({ where: { trigger: "re:^start" } }), true);
  assert.equal(events({ where: { trigger: "probe" } }), false);
  assert.equal(events({ from: 1, count: { op: "==", value: 1 } }), true);
  assert.equal(events({ by: 1, count: { op: "==", value: 2 } }), false);
});

Deno.test("a run without ticks fails every claim", () => {
  const none: History = { ...HISTORY, snapshots: [], log: [] };
  assert.equal(judge(claim({}), none).passed, false);
});
