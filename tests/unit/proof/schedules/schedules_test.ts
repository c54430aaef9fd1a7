/** Random schedules: one seed is one run, failures are made small and can be replayed. @module */

import assert from "node:assert/strict";
import {
  failureText,
  generateSchedule,
  readFailure,
  runMany,
  runSchedule,
  shrinkSchedule,
} from "../../../../proof/mod.ts";
import { PLANNER_BRAIN } from "../../../../planner/mod.ts";
import { FAULT_KINDS } from "../../../../simulator/mod.ts";

Deno.test("a seed is a schedule, and a schedule is a run, byte for byte", async () => {
  for (const seed of [3, 40, 77]) {
    const schedule = generateSchedule(seed);
    assert.deepEqual(schedule, generateSchedule(seed));
    const lines: string[] = [];
    const first = await runSchedule(schedule, {
      line: (line) => lines.push(line),
    });
    const again = await runSchedule(JSON.parse(JSON.stringify(schedule)));
    assert.deepEqual(again, first);
    assert.equal(first.lines, lines.length);
    assert.equal(first.violation, undefined);
  }
});

Deno.test("another seed is another run", async () => {
  const [a, b] = await Promise.all(
    [3, 4].map(async (seed) =>
      (await runSchedule(generateSchedule(seed))).hash
    ),
  );
  assert.notEqual(a, b);
});

Deno.test("within a few hundred seeds every kind of fault, mode and choice comes up", () => {
  const kinds = new Set<string>();
  const choices = new Set<string>();
  const podsPerReplica = new Set<number>();
  for (let seed = 1; seed <= 600; seed++) {
    const { faults, fleet } = generateSchedule(seed);
    for (const { kind } of faults) kinds.add(kind);
    podsPerReplica.add(fleet.podsPerReplica);
    for (const [name, value] of Object.entries(fleet)) {
      if (typeof value !== "number") choices.add(`${name} ${value}`);
    }
  }
  assert.deepEqual(
    FAULT_KINDS.filter((kind) => !kinds.has(kind)),
    // Admission thresholds have scenarios of their own.
    ["frontend_refuses"],
  );
  assert.equal(choices.size, 17);
  assert.deepEqual([...podsPerReplica].sort(), [1, 2]);
});

Deno.test("workers and one thread come to the same", async () => {
  const what = { firstSeed: 20, count: 6 };
  const alone = await runMany({ ...what, workers: 1 });
  const together = await runMany({ ...what, workers: 2 });
  assert.deepEqual(together, alone);
  assert.equal(alone.count, 6);
  assert.deepEqual(alone.failures, []);
});

/** A planner that takes compliance for granted. */
const HASTY = {
  ...PLANNER_BRAIN,
  stage: (...args: Parameters<typeof PLANNER_BRAIN.stage>) => {
    const staged = PLANNER_BRAIN.stage(...args);
    return {
      ...staged,
      transition: { ...staged.transition, compliant: true },
    };
  },
};

Deno.test("a planner that declares compliance too soon is found, with the moment", async () => {
  let found;
  for (let seed = 1; seed <= 200 && !found; seed++) {
    const schedule = generateSchedule(seed);
    const { violation } = await runSchedule(schedule, { brain: HASTY });
    if (violation) found = { violation, schedule };
  }
  assert.equal(found?.violation.invariant, "budget");
  const { violation } = await runSchedule(found!.schedule);
  assert.equal(violation, undefined);
});

Deno.test("a failure is made small, and fails in the same way", async () => {
  const schedule = {
    ...generateSchedule(3),
    // No planner ever comes back: the fleet cannot come to rest.
    faults: [
      { kind: "traffic", atMs: 9_000, durationMs: 20_000, factor: 2 },
      { kind: "forbidden", what: "lease", atMs: 1_000, durationMs: 9e6 },
      { kind: "clock_jump", atMs: 12_000, byMs: 5_000 },
      { kind: "watch_lag", who: "all", lagMs: 900, atMs: 9_000 },
    ] as const,
  };
  const stuck = {
    ...schedule,
    faults: schedule.faults.map((fault) =>
      fault.kind === "forbidden" ? { ...fault, durationMs: Infinity } : fault
    ),
  };
  const failed = await runSchedule(stuck);
  assert.equal(failed.violation?.invariant, "liveness");
  const small = await shrinkSchedule(stuck, failed, { mostRuns: 30 });
  assert.deepEqual(small.schedule.faults.map(({ kind }) => kind), [
    "forbidden",
  ]);
  assert.equal(small.result.violation?.invariant, "liveness");
  assert(small.runs <= 30);
});

Deno.test("a fleet is not made too small for its replicas: that would be a failure of its own", async () => {
  const schedule = generateSchedule(112_357);
  const stuck = {
    ...schedule,
    faults: [
      { kind: "forbidden", what: "lease", atMs: 1_000, durationMs: Infinity },
    ] as const,
  };
  const small = await shrinkSchedule(stuck, await runSchedule(stuck), {
    mostRuns: 12,
  });
  const { nodes, gpusPerNode, gpusPerReplica, maxGpus } = small.schedule.fleet;
  assert(nodes * gpusPerNode >= maxGpus + gpusPerReplica);
});

Deno.test("a failure survives its file", async () => {
  const schedule = generateSchedule(40);
  const result = await runSchedule(schedule);
  const read = readFailure(failureText(schedule, result), "a.json");
  assert.deepEqual(read, {
    schedule,
    violation: undefined,
    hash: result.hash,
    lines: result.lines,
  });
});

Deno.test("a file that is no schedule is refused, saying where", () => {
  const good = JSON.parse(failureText(generateSchedule(4), {
    violation: undefined,
    hash: "",
    lines: 0,
    simulatedMs: 0,
    checks: 0,
    restedAfterMs: 0,
  }));
  const refused = (change: (file: typeof good) => unknown, says: RegExp) => {
    const file = structuredClone(good);
    change(file);
    assert.throws(() => readFailure(JSON.stringify(file), "a.json"), says);
  };
  assert.throws(() => readFailure("{", "a.json"), /"a.json".*not JSON/);
  refused((file) => file.wattkeeper_schedule = 9, /wattkeeper_schedule/);
  refused((file) => file.schedule.fleet.nodes = 0, /schedule\.fleet\.nodes/);
  refused(
    (file) => file.schedule.faults.push({ kind: "gremlin", atMs: 1 }),
    /schedule\.faults/,
  );
  refused((file) => delete file.schedule.seed, /schedule\.seed/);
});
