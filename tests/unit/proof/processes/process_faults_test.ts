/** Faults that strike the planner: its process, its API server, its source, its model. @module */

import assert from "node:assert/strict";
import { runSchedule, type Schedule } from "../../../../proof/mod.ts";
import { SimulatedFleet } from "../../../../planner/mod.ts";
import { type Fault, SimulatedWorld } from "../../../../simulator/mod.ts";
import { worldOptions } from "../../simulator/truth.ts";
import { QUIET } from "../quiet_schedule.ts";

/** The record of a run with these faults. */
async function recordOf(
  faults: readonly Fault[],
  change: Partial<Schedule> = {},
): Promise<readonly string[]> {
  const lines: string[] = [];
  const { violation } = await runSchedule({ ...QUIET, ...change, faults }, {
    line: (line) => lines.push(line),
  });
  assert.equal(violation, undefined, JSON.stringify(violation));
  return lines;
}

/** Lines with all of the words, and their times. */
function linesWith(
  lines: readonly string[],
  ...words: readonly string[]
): readonly { readonly atMs: number; readonly line: string }[] {
  return lines.filter((line) => words.every((word) => line.includes(word)))
    .map((line) => ({ atMs: Number.parseFloat(line), line }));
}

Deno.test("without faults the floors are granted, and everything comes to rest", async () => {
  const lines = await recordOf([]);
  assert(linesWith(lines, "planner-1 grant prefill-1").length > 0);
  assert(linesWith(lines, "rested after").length === 1);
});

Deno.test("planner_crash: another process takes over with a higher epoch, once the Lease has run out", async () => {
  const lines = await recordOf([
    { kind: "planner_crash", atMs: 40_000, downMs: 2_000 },
  ]);
  const [lease] = linesWith(lines, "planner-2 lease 2");
  assert(lease && lease.atMs > 50_000, `${lease?.line}`);
  assert(linesWith(lines, "planner-2 stamp").length >= 2);
  assert.deepEqual(
    linesWith(lines, "planner-1").filter(({ atMs }) => atMs > 40_000),
    [],
  );
});

Deno.test("planner_paused: nothing is written, and what was sent lands at the end", async () => {
  const lines = await recordOf([
    { kind: "planner_paused", atMs: 5_110, forMs: 9_000 },
  ], { answerMs: 300 });
  const during = linesWith(lines, "planner-1").filter(({ atMs }) =>
    atMs > 5_110 && atMs < 14_110
  );
  assert.deepEqual(during, []);
  assert(linesWith(lines, "planner-1 grant").length >= 2);
});

Deno.test("planner_crash with onWrite and heldMs: the leader dies with a grant on its way, which lands much later", async () => {
  const lines = await recordOf([
    {
      kind: "planner_crash",
      atMs: 1_000,
      downMs: 30_000,
      onWrite: true,
      heldMs: 40_000,
    },
  ], { answerMs: 300 });
  assert(linesWith(lines, "planner-1 lease").length > 0);
  // Its last words have no answer; its successor finds the pod without a grant, and makes sure that it stays so.
  assert.deepEqual(linesWith(lines, "planner-1 grant"), []);
  assert.equal(linesWith(lines, "planner-2 claim prefill-1").length, 1);
  assert(linesWith(lines, "planner-2 grant prefill-1").length > 0);
});

Deno.test("planner_paused with unaware: it takes itself for the leader until its Lease is refused", async () => {
  const { signal } = new AbortController();
  for (const unaware of [false, true]) {
    const world = new SimulatedWorld(worldOptions({}));
    const [sleeper, other] = ["planner-1", "planner-2"].map((holder) =>
      new SimulatedFleet(world, {
        holder,
        gpusPerReplica: { prefill: 1, decode: 1 },
      })
    );
    const holds = async (fleet = sleeper) =>
      (await fleet!.snapshot(signal)).lease?.heldByUs;
    assert.equal(await holds(), true);
    sleeper!.freeze(30_000, { unaware });
    world.advance(20_000);
    assert.equal(await holds(other), true);
    world.advance(10_000);
    assert.equal(await holds(), unaware);
    const { resourceVersion } = (await sleeper!.snapshot(signal)).lease!;
    const outcome = await sleeper!.apply({
      kind: "lease",
      epoch: 1,
      budgetWatts: 900,
      resourceVersion,
    }, signal);
    assert.equal(outcome.kind, "conflict");
    assert.equal(await holds(), false);
  }
});

Deno.test("second_planner: it writes nothing while the first one leads", async () => {
  const lines = await recordOf([
    { kind: "second_planner", atMs: 20_000, durationMs: 60_000 },
  ]);
  assert(linesWith(lines, "planner-2 decides").length > 0);
  assert.deepEqual(
    linesWith(lines, "planner-2").filter(({ line }) =>
      !line.includes("decides")
    ),
    [],
  );
});

Deno.test("budget: lowers follow, and compliance is declared after them", async () => {
  const lines = await recordOf([
    { kind: "budget", atMs: 40_000, watts: 700 },
  ]);
  const [lower] = linesWith(lines, "planner-1 lower");
  const [declared] = linesWith(lines, "declares 700 W");
  assert(lower && declared && declared.atMs > lower.atMs);
});

Deno.test("clock_jump: the planner's own time goes on", async () => {
  const lines = await recordOf([
    { kind: "clock_jump", atMs: 40_000, byMs: -3_600_000 },
    { kind: "traffic", atMs: 40_000, durationMs: 60_000, factor: 1.5 },
  ]);
  assert(
    linesWith(lines, "decides").filter(({ atMs }) => atMs > 40_000).length >= 2,
  );
});

Deno.test("api_down: no write lands, and the leader leads no more", async () => {
  const lines = await recordOf([
    { kind: "api_down", atMs: 40_000, durationMs: 40_000 },
  ]);
  const landed = linesWith(lines, ": done").filter(({ atMs }) =>
    atMs > 40_000 && atMs < 80_000
  );
  assert.deepEqual(landed, []);
  assert(linesWith(lines, "planner-1 lease 2").length > 0);
});

Deno.test("api_slow: an answer that comes too late is none", async () => {
  const lines = await recordOf([
    { kind: "api_slow", atMs: 1_000, durationMs: 30_000, answerMs: 6_000 },
  ]);
  assert(linesWith(lines, "unanswered").length > 0);
});

Deno.test("write_lost, write_conflict, forbidden: each write says so", async () => {
  const span = { atMs: 1_000, durationMs: 20_000 };
  const outcomes: readonly (readonly [Fault, string])[] = [
    [{ kind: "write_lost", ...span, share: 1 }, "unanswered"],
    [{ kind: "write_conflict", ...span, share: 1 }, "conflict"],
    [{ kind: "forbidden", ...span, what: "patch" }, "refused"],
  ];
  for (const [fault, outcome] of outcomes) {
    const lines = await recordOf([fault]);
    assert(linesWith(lines, `: ${outcome}`).length > 0, outcome);
    assert(linesWith(lines, "grant", ": done").length >= 2, outcome);
  }
});

Deno.test("prometheus_*: what is not known is said, and the targets hold", async () => {
  const span = { atMs: 25_000, durationMs: 40_000 };
  const [down] = linesWith(
    await recordOf([{ kind: "prometheus_down", ...span }]),
    "decides 2",
  );
  assert(down?.line.includes("source_problem"), `${down?.line}`);
  const [nan] = linesWith(
    await recordOf([{ kind: "prometheus_nan", ...span }]),
    "decides 2",
  );
  assert(nan?.line.includes("observation_rejected"), `${nan?.line}`);
  const honest = await recordOf([]);
  for (
    const fault of [
      { kind: "prometheus_lies", ...span, factor: 4 },
      { kind: "prometheus_stale", ...span, lagMs: 28_000 },
    ] as const
  ) {
    const lines = await recordOf([fault]);
    assert.notDeepEqual(
      linesWith(lines, "decides 3")[0]?.line,
      linesWith(honest, "decides 3")[0]?.line,
      fault.kind,
    );
  }
});

Deno.test("model_raises, model_infeasible: a decision is made, and says why it is the old one", async () => {
  for (const kind of ["model_raises", "model_infeasible"] as const) {
    const lines = await recordOf([
      { kind, atMs: 25_000, durationMs: 80_000 },
    ]);
    const told = linesWith(lines, "decides").filter(({ atMs }) =>
      atMs > 25_000 && atMs < 105_000
    );
    assert(told.length >= 2);
    assert(
      told.some(({ line }) =>
        /search_failed|search_infeasible|infeasible|model_not_ready/.test(line)
      ),
      told.map(({ line }) => line).join("\n"),
    );
  }
});
