/** The virtual fleet's HTTP: who may speak, what is refused, how long anybody waits. @module */

import assert from "node:assert/strict";
import {
  OBSERVED_PATH,
  VirtualFleet,
  WANTED_PATH,
} from "../../../../planner/fleets/mod.ts";
import type { Step } from "../../../../planner/core/mod.ts";
import { SimulatedWorld } from "../../../../simulator/mod.ts";
import { TestClock } from "../../agent/world.ts";
import { worldOptions } from "../../simulator/truth.ts";
import { statementOf } from "./rigs.ts";

const SCALE: Step = {
  kind: "scale",
  side: "decode",
  replicas: 2,
  fromReplicas: 1,
};

function rig(token?: string) {
  const clock = new TestClock();
  const fleet = new VirtualFleet({ clock, token });
  const world = new SimulatedWorld(worldOptions());
  world.advance(6_000);
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fleet.handle(
      new Request(`http://planner${path}`, init),
    );
    assert(response);
    return {
      status: response.status,
      headers: response.headers,
      body: await response.json(),
    };
  };
  const say = (body: unknown, headers: HeadersInit = {}) =>
    ask(OBSERVED_PATH, {
      method: "POST",
      headers,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { clock, fleet, world, ask, say };
}

Deno.test("with a token, nobody without it is heard", async () => {
  const { ask, say, world } = rig("secret");
  for (const authorization of ["", "Bearer", "Bearer secre", "Basic secret"]) {
    const refused = await ask(WANTED_PATH, { headers: { authorization } });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("www-authenticate"), "Bearer");
  }
  const statement = statementOf(world, 0);
  assert.equal((await say(statement)).status, 401);
  const authorization = "Bearer secret";
  assert.equal((await say(statement, { authorization })).status, 200);
});

Deno.test("other paths are somebody else's, other methods are refused", async () => {
  const { fleet, ask } = rig();
  assert.equal(await fleet.handle(new Request("http://planner/x")), undefined);
  const wrong = await ask(WANTED_PATH, { method: "POST", body: "{}" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET"]);
  const other = await ask(OBSERVED_PATH);
  assert.deepEqual([other.status, other.headers.get("allow")], [405, "POST"]);
});

Deno.test("a statement is taken whole or not at all, with every problem and its path", async () => {
  const { say, fleet, world } = rig();
  assert.equal((await say("{")).status, 400);
  const statement = statementOf(world, 0);
  const bad = await say({
    ...statement,
    pods: [{ ...statement.pods[0], gpus: 0, side: "left" }],
    extra: 1,
  });
  assert.equal(bad.status, 400);
  const problems = bad.body.problems.join("\n");
  assert.match(problems, /pods\.0\.gpus/);
  assert.match(problems, /pods\.0\.side/);
  assert.match(problems, /extra/);
  const twice = await say({
    ...statement,
    pods: [...statement.pods, statement.pods[0]],
  });
  assert.match(twice.body.problems[0], /twice/);
  const report = await say({ ...statement, reports: [{ kind: "Other" }] });
  assert.match(report.body.problems.join(), /reports\.0/);
  await assert.rejects(fleet.snapshot(new AbortController().signal));
});

Deno.test("a body beyond the limit is refused before it is kept", async () => {
  const { fleet } = rig();
  let sent = 0;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      sent += 1 << 20;
      controller.enqueue(new Uint8Array(1 << 20));
    },
  });
  const response = await fleet.handle(
    new Request(`http://planner${OBSERVED_PATH}`, {
      method: "POST",
      body: endless,
    }),
  );
  assert.equal(response?.status, 413);
  assert(sent <= 20 << 20);
  await response?.body?.cancel();
});

Deno.test("nothing said, or nothing for a minute, is no fleet", async () => {
  const { clock, fleet, say, world } = rig();
  const signal = new AbortController().signal;
  await assert.rejects(fleet.snapshot(signal), {
    code: "fleet_unusable",
    message: "The other orchestrator has not said anything yet.",
  });
  assert.equal((await fleet.apply(SCALE, signal)).kind, "refused");
  await say(statementOf(world, 0));
  assert.equal((await fleet.snapshot(signal)).pods.length, 2);
  await clock.advance(61_000);
  await assert.rejects(fleet.snapshot(signal), /nothing for 61 s/);
});

Deno.test("a step is published, and done when its generation is acknowledged", async () => {
  const { fleet, ask, say, world } = rig();
  await say(statementOf(world, 0));
  const applied = fleet.apply(SCALE, new AbortController().signal);
  const { body } = await ask(WANTED_PATH);
  assert.deepEqual(body, {
    generation: 1,
    sides: {
      decode: {
        generation: 1,
        replicas: 2,
        from_replicas: 1,
        resource_version: null,
      },
    },
    pods: [],
  });
  await say(statementOf(world, 1));
  assert.deepEqual(await applied, { kind: "done" });
});

Deno.test("a refusal carries its reason, and is not wanted any more", async () => {
  const { fleet, ask, say, world } = rig();
  await say(statementOf(world, 0));
  const applied = fleet.apply(SCALE, new AbortController().signal);
  await say(
    statementOf(world, 1, [
      { generation: 1, outcome: "refused", reason: "quota" },
    ]),
  );
  assert.deepEqual(await applied, { kind: "refused", reason: "quota" });
  assert.deepEqual((await ask(WANTED_PATH)).body.sides, {});
});

Deno.test("a step that nobody acknowledges is unanswered after ten seconds", async () => {
  const { clock, fleet, say, world } = rig();
  await say(statementOf(world, 0));
  const applied = fleet.apply(SCALE, new AbortController().signal);
  await clock.advance(10_000);
  assert.deepEqual(await applied, {
    kind: "unanswered",
    reason: "not acknowledged within 10 s",
  });
});

Deno.test("an acknowledgement of what was never wanted is refused: the planner has restarted", async () => {
  const { say, world } = rig();
  const answer = await say(statementOf(world, 7));
  assert.equal(answer.status, 409);
});

Deno.test("a GET may wait for news, and not for ever", async () => {
  const { clock, fleet, ask, say, world } = rig();
  await say(statementOf(world, 0));
  const waiting = ask(`${WANTED_PATH}?after=0&wait_seconds=20`);
  const applied = fleet.apply(SCALE, new AbortController().signal);
  assert.equal((await waiting).body.generation, 1);
  await say(statementOf(world, 1));
  await applied;
  const idle = ask(`${WANTED_PATH}?after=1&wait_seconds=9999`);
  await clock.advance(30_000);
  assert.equal((await idle).body.generation, 1);
  const odd = await ask(`${WANTED_PATH}?after=x`);
  assert.equal(odd.status, 400);
});

Deno.test("what is wanted of pods that are gone is forgotten", async () => {
  const { fleet, ask, say, world } = rig();
  await say(statementOf(world, 0));
  const snapshot = await fleet.snapshot(new AbortController().signal);
  const { pod } = snapshot.pods[0]!;
  const applied = fleet.apply({
    kind: "patch",
    purpose: "grant",
    pod,
    grant: {
      podUid: pod.uid,
      generation: { epoch: 1, sequence: 1 },
      watts: 300,
      boundWatts: 300,
    },
  }, new AbortController().signal);
  assert.equal((await ask(WANTED_PATH)).body.pods.length, 1);
  world.api.removePod(pod.uid);
  await say(statementOf(world, 1));
  assert.deepEqual(await applied, { kind: "done" });
  assert.equal((await ask(WANTED_PATH)).body.pods.length, 0);
});
