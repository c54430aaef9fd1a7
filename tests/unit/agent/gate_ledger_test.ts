/** C21: who is let through the gate, and what has to be on the disk before. @module */

import assert from "node:assert/strict";
import { AgentGateLedger } from "../../../agent/gate_ledger.ts";
import type { GateVerdict } from "../../../agent/ports.ts";
import { annotated, granted, pod } from "./situations.ts";
import { World } from "./world.ts";

const CALLER = { podUid: "a", pid: 42 };

async function ask(world: World): Promise<GateVerdict> {
  return await new AgentGateLedger(await world.start()).ask(CALLER);
}

function code(verdict: GateVerdict): string {
  return verdict.kind === "open" ? "open" : verdict.code;
}

function worldWith(grant = granted("a", "5.1", 400), gpus = 1): World {
  const world = new World(gpus);
  world.pods = [grant];
  for (let i = 0; i < gpus; i++) world.placed.set(i, ["a"]);
  return world;
}

Deno.test("the gate opens on a grant that the hardware shows", async () => {
  const world = worldWith();
  const verdict = await ask(world);
  assert.equal(code(verdict), "open");
  assert.equal(world.watts(), 400);
  assert.equal(
    verdict.kind === "open" && verdict.gpus[0]?.limitWatts,
    400,
  );
  assert.match(world.files.files.get("state.json") ?? "", /openedBoot/);
});

Deno.test("a cap without a grant does not open it", async () => {
  assert.equal(
    code(await ask(worldWith(pod("a", { gated: true })))),
    "no_grant",
  );
  assert.equal(
    code(await ask(worldWith(pod("a", { gated: true, powerLimit: "300" })))),
    "no_grant",
  );
  assert.equal(code(await ask(worldWith(granted("a", "5.1", 0)))), "no_grant");
});

Deno.test("every GPU of the pod must show it", async () => {
  const world = worldWith(granted("a", "5.1", 400), 2);
  world.gpus[1]!.faults.setLimit = 4;
  assert.equal(code(await ask(world)), "no_grant");
  delete world.gpus[1]!.faults.setLimit;
  assert.equal(code(await ask(world)), "open");
});

Deno.test("a limit clamped up above the grant keeps it shut", async () => {
  const world = worldWith(granted("a", "5.1", 100));
  assert.equal(code(await ask(world)), "limit_not_enforced");
  assert.equal(world.watts(), 200);
});

Deno.test("a limit that lies after the set keeps it shut", async () => {
  const world = worldWith();
  world.gpus[0]!.respond = () => 700;
  assert.equal(code(await ask(world)), "no_grant");
});

Deno.test("it does not open while the record cannot be written", async () => {
  const world = worldWith();
  const agent = await world.start();
  await agent.pass("interval");
  world.files.broken = true;
  const verdict = await new AgentGateLedger(agent).ask(CALLER);
  assert.equal(code(verdict), "record_not_durable");
});

Deno.test("unknown GPUs, a terminating pod, a dead device wait", async () => {
  const unknown = worldWith();
  unknown.placed.set(0, "unknown");
  assert.equal(code(await ask(unknown)), "gpus_unknown");
  const terminating = worldWith(
    granted("a", "5.1", 400, { terminating: true }),
  );
  assert.equal(code(await ask(terminating)), "terminating");
  const dead = worldWith();
  dead.gpus[0]!.faults.limits = 15;
  assert.equal(code(await ask(dead)), "device_error");
});

Deno.test("C25: a granted pod restarts without the API server", async () => {
  const world = worldWith();
  const agent = await world.start();
  await agent.pass("interval");
  world.pods = [];
  world.freshness = { kind: "empty" };
  world.consistent = false;
  assert.equal(code(await ask(world)), "open");
});

Deno.test("after a reboot the report says waiting until it is let through anew", async () => {
  const world = worldWith();
  await ask(world);
  world.bootId = "boot-2";
  world.gpus[0]!.managementWatts = 700;
  const agent = await world.start();
  await agent.pass("interval");
  assert.equal(agent.statuses()[0]?.gate, "waiting");
  assert.equal(code(await new AgentGateLedger(agent).ask(CALLER)), "open");
  await agent.pass("event");
  assert.equal(agent.statuses()[0]?.gate, "open");
  assert.equal(world.watts(), 400);
});

Deno.test("a crash after the opening still reports open", async () => {
  const world = worldWith();
  await ask(world);
  const again = await world.start();
  await again.pass("interval");
  assert.equal(again.statuses()[0]?.gate, "open");
});

Deno.test("changed() wakes waiters when a pass saw something new", async () => {
  const world = worldWith(pod("a", { gated: true }));
  const agent = await world.start();
  const gate = new AgentGateLedger(agent);
  await agent.pass("interval");
  gate.passed();
  let woken = false;
  const waiting = gate.changed("a", new AbortController().signal)
    .then(() => woken = true);
  await agent.pass("event");
  gate.passed();
  await Promise.resolve();
  assert.equal(woken, false);
  world.pods = [granted("a", "5.1", 400)];
  await agent.pass("event");
  gate.passed();
  await waiting;
  assert.equal(woken, true);
});

Deno.test("C21: a GPU that the kubelet has given to the pod and that is not known to be its own keeps it shut", async () => {
  const world = worldWith(granted("a", "5.1", 400), 2);
  world.placed.set(1, "unknown");
  const given = (elsewhere: boolean, ...indices: number[]) =>
    new Map([["ns/a", {
      uuids: new Set(indices.map((i) => world.gpus[i]!.uuid)),
      elsewhere,
    }]]);
  world.allocations = given(false, 0, 1);
  const verdict = await ask(world);
  assert.equal(code(verdict), "gpus_unknown");
  assert.match(
    verdict.kind === "wait" ? verdict.reason : "",
    /has given the pod GPU GPU-5.* too/,
  );
  world.allocations = given(true, 0);
  assert.equal(code(await ask(world)), "gpus_unknown");
  world.allocations = given(false, 0);
  assert.equal(code(await ask(world)), "open");
});

Deno.test("C21: a grant that is withdrawn between the pass and the answer does not open", async () => {
  const world = worldWith();
  const agent = await world.start();
  await agent.pass("interval");
  // Root raises the limit after the pass has read it: what counts is what the device says at the end.
  const { limits } = world.nvml;
  let reads = 0;
  world.nvml.limits = (uuid) => {
    if (++reads === 2) world.gpus[0]!.managementWatts = 700;
    return limits.call(world.nvml, uuid);
  };
  assert.equal(
    code(await new AgentGateLedger(agent).ask(CALLER)),
    "limit_not_enforced",
  );
});

Deno.test("C20: another boot's record opens nothing before the hardware shows it again", async () => {
  const world = worldWith();
  await ask(world);
  world.bootId = "boot-2";
  world.gpus[0]!.managementWatts = 700;
  world.gpus[0]!.faults.setLimit = 4;
  assert.equal(code(await ask(world)), "limit_not_enforced");
});

Deno.test("C21: a restart in place asks anew: what was opened once is not open for ever", async () => {
  const world = worldWith();
  assert.equal(code(await ask(world)), "open");
  world.gpus[0]!.managementWatts = 700;
  world.gpus[0]!.faults.setLimit = 4;
  assert.equal(code(await ask(world)), "limit_not_enforced");
});

Deno.test("C21: a cap by annotation alone, however true on the hardware, opens nothing", async () => {
  const world = worldWith(annotated("a", "300"));
  assert.equal(code(await ask(world)), "no_grant");
  assert.equal(world.watts(), 300);
});
