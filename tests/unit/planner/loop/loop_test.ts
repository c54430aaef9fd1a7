/** The loop: cadences, overlap, actuation, advisory, stop. @module */

import assert from "node:assert/strict";
import type { Observation, Step } from "../../../../planner/core/mod.ts";
import { configOf } from "../stand_in.ts";
import {
  CONFIG,
  patch,
  settledTransition,
  START_MS,
  turn,
  world,
} from "./world.ts";

const BOTH = `${CONFIG}\nenable_load_scaling: true\n`;

Deno.test("the first decision is at once, the next ones on the grid of the interval", async () => {
  const w = world();
  w.start();
  await w.clock.run(0);
  assert.equal(w.eventsOf("decided").length, 1);
  await w.clock.run(59_999);
  assert.equal(w.eventsOf("decided").length, 1);
  await w.clock.run(1);
  assert.equal(w.eventsOf("decided").length, 2);
  assert.deepEqual(
    w.source.asked.map(({ atMs }) => atMs),
    [START_MS, START_MS + 60_000],
  );
  await w.stop();
});

Deno.test("two cadences: every load tick asks for its own window, the twelfth is a throughput tick too", async () => {
  const w = world({ config: configOf(BOTH) });
  w.start();
  await w.clock.run(60_000);
  const windows = w.source.asked.map(({ windowSeconds, due }) =>
    `${windowSeconds}${due.throughput ? "t" : ""}${due.load ? "l" : ""}`
  );
  assert.deepEqual(windows, ["60tl", ...Array(11).fill("5l"), "60tl"]);
  await w.stop();
});

Deno.test("ticks never overlap: a slow source makes the loop skip, not pile up", async () => {
  const w = world({ config: configOf(BOTH) });
  let open = 0;
  let most = 0;
  w.source.answer = async ({ atMs, windowSeconds }) => {
    most = Math.max(most, ++open);
    await w.clock.sleep(12_000);
    open--;
    return {
      atMs,
      windowSeconds,
      requests: 10,
      islTokens: 3000,
      oslTokens: 150,
    };
  };
  w.start();
  await w.clock.run(60_000);
  assert.equal(most, 1);
  assert(w.eventsOf("tick_skipped").length >= 6);
  assert(w.eventsOf("decided").length >= 4);
  await w.stop();
});

Deno.test("targets are carried out step by step, and the ledger is told each outcome", async () => {
  const w = world();
  w.start();
  await w.clock.run(2_000);
  assert(w.fleet.applied.length > 0);
  assert.deepEqual(
    w.eventsOf("step").map(({ step }) => step),
    w.fleet.applied,
  );
  assert.equal(w.loop.last?.transition?.settled, true);
  for (const { side, replicas } of w.loop.last!.decision.targets) {
    assert.equal(w.fleet.replicas[side], replicas);
  }
  await w.stop();
});

Deno.test("between ticks the fleet is looked at every second, and at once when it changes", async () => {
  const w = world();
  w.start();
  await w.clock.run(10_000);
  const looks = w.eventsOf("staged").length;
  assert(looks >= 10 && looks <= 14, `${looks} looks in 10 s`);
  w.fleet.replicas["prefill"] = 1;
  w.fleet.change();
  await w.clock.run(100);
  assert.equal(w.eventsOf("staged").length, looks + 1);
  assert.equal(w.fleet.applied.at(-1)?.kind, "scale");
  await w.stop();
});

Deno.test("a fleet that changes all the time is not looked at all the time", async () => {
  const w = world();
  w.fleet.changed = () => Promise.resolve();
  w.start();
  await w.clock.run(1_000);
  const looks = w.eventsOf("staged").length;
  assert(looks <= 22, `${looks} looks in a second`);
  await w.stop();
});

for (
  const [withheld, line] of [
    ["advisory", "advisory: true"],
    ["paused", "paused: true"],
  ] as const
) {
  Deno.test(`${withheld}: decides, lists the writes it would make, and makes none`, async () => {
    const w = world({ config: configOf(`${CONFIG}\n${line}`) });
    w.start();
    await w.clock.run(180_000);
    assert.equal(w.eventsOf("decided").length, 4);
    assert.deepEqual(w.fleet.applied, []);
    const staged = w.eventsOf("staged");
    assert(staged.every((event) => event.withheld === withheld));
    assert(staged.at(-1)!.transition.steps.length > 0);
    assert.equal(staged.filter(({ changed }) => changed).length, 1);
    await w.stop();
  });
}

Deno.test("cleared at run time, paused lets the same steps go", async () => {
  const paused = configOf(`${CONFIG}\npaused: true`);
  const w = world({ config: paused });
  w.start();
  await w.clock.run(5_000);
  const listed = w.eventsOf("staged").at(-1)!.transition.steps;
  w.settings.reload({ ...paused, paused: false });
  await w.clock.run(1_000);
  assert.deepEqual(
    w.fleet.applied.map((step) => step.kind === "scale" && step.side),
    listed.map((step) => step.kind === "scale" && step.side),
  );
  await w.stop();
});

Deno.test("a conflict ends the batch for what adds watts and was not sent yet; lowers go on", async () => {
  const steps: Step[] = [
    patch("lower 1", "lower"),
    ...named("grant", 40).map((name) => patch(name, "grant")),
    patch("lower 2", "lower"),
  ];
  const w = stagedOnce(steps);
  w.fleet.outcome = (step) =>
    step.kind === "patch" && step.pod.name === "grant 2"
      ? { kind: "conflict", reason: "409" }
      : { kind: "done" };
  w.start();
  await w.clock.run(500);
  assert.deepEqual(sentPods(w), [
    "lower 1",
    ...named("grant", 16),
    "lower 2",
  ]);
  await w.stop();
});

Deno.test("grants of a batch go out side by side, at most sixteen, each group after the answers to the one before; never before a Lease or a lower is answered", async () => {
  const steps: Step[] = [
    { kind: "lease", epoch: 1, budgetWatts: 9000, resourceVersion: "7" },
    patch("lower", "lower"),
    ...named("grant", 20).map((name) => patch(name, "grant")),
    ...named("raise", 20).map((name) => patch(name, "raise")),
    {
      kind: "scale",
      side: "decode",
      replicas: 2,
      fromReplicas: 1,
    },
  ];
  const w = stagedOnce(steps);
  const waiting: (() => void)[] = [];
  w.fleet.outcome = () =>
    new Promise((resolve) => waiting.push(() => resolve({ kind: "done" })));
  w.start();
  const groups: string[][] = [];
  let sent = 0;
  while (groups.length < 10) {
    await w.clock.run(100);
    const all = w.fleet.applied.map((step) =>
      step.kind === "patch" ? step.pod.name : step.kind
    );
    if (all.length === sent) break;
    groups.push(all.slice(sent));
    sent = all.length;
    for (const answer of waiting.splice(0)) answer();
  }
  const grants = [...named("grant", 20), ...named("raise", 20)];
  assert.deepEqual(groups, [
    ["lease"],
    ["lower"],
    grants.slice(0, 16),
    grants.slice(16, 32),
    grants.slice(32),
    ["scale"],
  ]);
  await w.stop();
});

Deno.test("a Lease that was not renewed ends every grant of its batch; lowers still go out", async () => {
  const steps: Step[] = [
    { kind: "lease", epoch: 1, budgetWatts: 9000, resourceVersion: "7" },
    patch("a", "lower"),
    patch("b", "grant"),
  ];
  const w = world({
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: { ...settledTransition(12_000), steps },
      }),
    },
  });
  w.fleet.outcome = ({ kind }) =>
    kind === "lease" ? { kind: "conflict", reason: "409" } : { kind: "done" };
  w.start();
  await w.clock.run(10);
  assert.deepEqual(
    w.fleet.applied.map((step) =>
      step.kind === "patch" ? step.pod.name : step.kind
    ),
    ["lease", "a"],
  );
  await w.stop();
});

Deno.test("while a Lease PUT has no answer yet, the batches after it have none of their own and raise nothing (C4)", async () => {
  const steps: Step[] = [
    { kind: "lease", epoch: 1, budgetWatts: 9000, resourceVersion: "7" },
    patch("a", "lower"),
    patch("b", "grant"),
    patch("c", "raise"),
  ];
  const w = world({
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: { ...settledTransition(12_000), steps },
      }),
    },
  });
  w.fleet.outcome = ({ kind }) =>
    kind === "lease" ? new Promise(() => {}) : { kind: "done" };
  w.start();
  await w.clock.run(9_000);
  const sent = w.fleet.applied.map((step) =>
    step.kind === "patch" ? step.pod.name : step.kind
  );
  assert.equal(sent.filter((name) => name === "lease").length, 1);
  assert(sent.filter((name) => name === "a").length >= 2);
  assert.deepEqual(sent.filter((name) => name === "b" || name === "c"), []);
  await w.stop();
});

Deno.test("a write without an answer is unanswered, never sent again while it is under way, and does not hold the others", async () => {
  const steps = [patch("hangs", "lower"), patch("quick", "lower")];
  const w = world({
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: { ...settledTransition(12_000), steps },
      }),
    },
  });
  w.fleet.outcome = (step) =>
    step.kind === "patch" && step.pod.name === "hangs"
      ? new Promise(() => {})
      : { kind: "done" };
  w.start();
  await w.clock.run(20_000);
  const sentTo = (name: string) =>
    w.fleet.applied.filter((step) =>
      step.kind === "patch" && step.pod.name === name
    ).length;
  assert.equal(sentTo("hangs"), 1);
  assert(sentTo("quick") > 5);
  const outcome = w.eventsOf("step").find(({ step }) =>
    step.kind === "patch" && step.pod.name === "hangs"
  )?.outcome;
  assert.equal(outcome?.kind, "unanswered");
  await w.stop();
});

Deno.test("an apply that throws is unanswered: it may have landed", async () => {
  const w = world();
  w.fleet.outcome = () => Promise.reject(new Error("reset by peer"));
  w.start();
  await w.clock.run(500);
  const [first] = w.eventsOf("step");
  assert.deepEqual(first?.outcome, {
    kind: "unanswered",
    reason: "reset by peer",
  });
  await w.stop();
});

Deno.test("a stop lets the write under way finish, begins no other, and saves the state", async () => {
  const saves: number[] = [];
  let answer: () => void = () => {};
  const w = world({
    loop: {
      store: {
        save: ({ state }) => {
          saves.push(state.sequence);
          return Promise.resolve();
        },
      },
    },
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: {
          ...settledTransition(12_000),
          steps: [patch("a", "lower"), patch("b", "grant")],
        },
      }),
    },
  });
  let finished = false;
  w.fleet.outcome = () =>
    new Promise((resolve) => {
      answer = () => {
        finished = true;
        resolve({ kind: "done" });
      };
    });
  w.start();
  await w.clock.run(100);
  assert.equal(w.fleet.applied.length, 1);
  w.stopping.abort();
  await turn();
  answer();
  await w.stop();
  assert(finished);
  assert.equal(w.fleet.applied.length, 1);
  assert.deepEqual(saves, [1]);
  assert.equal(w.events.at(-1)?.kind, "stopped");
});

Deno.test("a stop does not wait for ever", async () => {
  const w = world();
  w.fleet.outcome = () => new Promise(() => {});
  w.source.answer = () => new Promise<Observation>(() => {});
  w.start();
  await w.clock.run(100);
  const before = w.clock.now();
  await w.stop();
  assert(w.clock.now() - before <= 60_000);
});

Deno.test("what an earlier process saved goes on: number, history, targets", async () => {
  const first = world();
  first.start();
  await first.clock.run(61_000);
  await first.stop();
  const saved = { nowMs: first.loop.time.now(), state: first.loop.state };
  const second = world({ loop: { saved } });
  second.start();
  await second.clock.run(100);
  assert.equal(second.loop.last?.decision.sequence, 3);
  assert.deepEqual(
    second.loop.last?.decision.previous,
    first.loop.last && Object.fromEntries(
      first.loop.last.decision.targets.map(({ side, replicas }) => [
        side,
        replicas,
      ]),
    ),
  );
  await second.stop();
});

/** `count` names that begin with a word. */
function named(word: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);
}

/** A world whose first stage asks for these steps, and no later one for any. */
function stagedOnce(steps: readonly Step[]) {
  return world({
    brain: {
      stage: (ledger) => ({
        ledger: { ...ledger, staged: ledger.staged + 1 },
        transition: {
          ...settledTransition(12_000),
          steps: ledger.staged === 0 ? steps : [],
        },
      }),
    },
  });
}

function sentPods({ fleet }: ReturnType<typeof world>) {
  return fleet.applied.map((step) => step.kind === "patch" && step.pod.name);
}
