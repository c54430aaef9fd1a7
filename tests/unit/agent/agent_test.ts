/** The agent's loop in virtual time: events, intervals, reports, the end. @module */

import assert from "node:assert/strict";
import { Agent } from "../../../agent/agent.ts";
import type { NodePowerReport, ReportSink } from "../../../agent/ports.ts";
import { handle } from "../../../agent/serve.ts";
import { annotated, CONFIG, granted } from "./situations.ts";
import { settle, World } from "./world.ts";

class Reports implements ReportSink {
  readonly sent: { report: NodePowerReport; urgent: boolean; atMs: number }[] =
    [];
  constructor(private readonly world: World) {}
  publish(report: NodePowerReport, urgent: boolean): void {
    this.sent.push({ report, urgent, atMs: this.world.clock.now() });
  }
  last = () => Promise.resolve(undefined);
  flush = () => Promise.resolve();
  fault = () => undefined;
  counts = () => ({ delivered: this.sent.length, failed: 0 });
}

async function running(
  onShutdown: "keep" | "restore" = "keep",
): Promise<
  { world: World; agent: Agent; reports: Reports; stop: () => Promise<void> }
> {
  const world = new World(2);
  const reports = new Reports(world);
  const agent = await agentOf(world, reports, onShutdown);
  const stopping = new AbortController();
  const done = agent.run(stopping.signal);
  await settle();
  return {
    world,
    agent,
    reports,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function agentOf(
  world: World,
  reports: Reports,
  onShutdown: "keep" | "restore" = "keep",
): Promise<Agent> {
  return new Agent({
    reconciler: await world.start(),
    view: world.view,
    sink: reports,
    clock: world.clock,
    wallClock: () => new Date(world.clock.now()),
    facts: {
      nodeName: "n1",
      agentVersion: "0",
      bootId: world.bootId,
      safeDefaultWatts: CONFIG.safeDefaultWatts,
    },
    log: { info() {}, warning() {}, error() {} },
    onShutdown,
  });
}

Deno.test("an event leads to a limit within the coalescing time", async () => {
  const { world, agent, stop } = await running();
  const passes = agent.options.reconciler.counts.passes;
  world.placed.set(0, ["a"]);
  for (let i = 0; i < 50; i++) world.changed([annotated("a", "300")]);
  await world.clock.advance(10);
  assert.equal(world.watts(0), 300);
  assert.equal(agent.options.reconciler.counts.passes, passes + 1);
  await stop();
});

Deno.test("a pass is made every 15 s without any event", async () => {
  const { world, agent, stop } = await running();
  world.placed.set(0, ["a"]);
  world.pods = [annotated("a", "300")];
  await world.clock.advance(15_001);
  assert.equal(world.watts(0), 300);
  assert.ok(agent.options.reconciler.counts.passes <= 4);
  await stop();
});

Deno.test("a foreign raise is found and undone within 1 s", async () => {
  const { world, stop } = await running();
  world.placed.set(0, ["a"]);
  world.changed([annotated("a", "300")]);
  await world.clock.advance(20);
  world.gpus[0]!.managementWatts = 700;
  await world.clock.advance(1_001);
  assert.equal(world.watts(0), 300);
  await stop();
});

Deno.test("C26: a lower is reported at once, a heartbeat comes every 10 s", async () => {
  const { world, reports, stop } = await running();
  await world.clock.advance(9_000);
  reports.sent.length = 0;
  world.placed.set(0, ["a"]);
  world.changed([annotated("a", "300")]);
  await world.clock.advance(10);
  assert.equal(reports.sent.length, 1);
  assert.equal(reports.sent[0]?.urgent, true);
  assert.equal(reports.sent[0]?.report.gpus[0]?.limitWatts, 300);
  await world.clock.advance(20_000);
  const times = reports.sent.map(({ atMs }) => atMs);
  for (let i = 1; i < times.length; i++) {
    assert.ok(times[i]! - times[i - 1]! <= 10_000);
  }
  const sequences = reports.sent.map(({ report }) => report.sequence);
  assert.deepEqual(sequences, sequences.toSorted((a, b) => a - b));
  await stop();
});

Deno.test("a raise waits for the coalescing second", async () => {
  const { world, reports, stop } = await running();
  world.placed.set(0, ["a"]);
  world.changed([annotated("a", "300")]);
  await world.clock.advance(10);
  reports.sent.length = 0;
  world.changed([annotated("a", "400")]);
  await world.clock.advance(500);
  assert.equal(world.watts(0), 400);
  assert.equal(reports.sent.length, 0);
  await world.clock.advance(600);
  assert.equal(reports.sent.length, 1);
  await stop();
});

Deno.test("keep leaves a live pod's cap at the end, restore gives it back", async () => {
  for (const [mode, watts] of [["keep", 300], ["restore", 700]] as const) {
    const { world, stop } = await running(mode);
    world.placed.set(0, ["a"]);
    world.changed([annotated("a", "300")]);
    await world.clock.advance(10);
    await stop();
    assert.equal(world.watts(0), watts);
  }
});

Deno.test("readiness says stale views and failing GPUs, each by its name", async () => {
  const { world, agent, stop } = await running();
  await world.clock.advance(10);
  const ready = () => handle(agent, new Request("http://n/readyz"));
  assert.equal(ready().status, 200);
  world.freshness = { kind: "stale", ageMs: 31_000, reason: "silent" };
  assert.match(await ready().text(), /The pod view is stale: silent/);
  world.freshness = { kind: "fresh", ageMs: 0 };
  world.gpus[1]!.faults.limits = 15;
  await world.clock.advance(15_001);
  const answer = ready();
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /GPU 1 .*NVML_ERROR_GPU_IS_LOST/);
  world.gpus[1]!.faults.limits = 3;
  await world.clock.advance(15_001);
  assert.match(
    await ready().text(),
    /GPU 1 .*has no power limit to read: NVML_ERROR_NOT_SUPPORTED/,
  );
  await stop();
});

Deno.test("a start that is let through is reported as open within a second", async () => {
  const { world, agent, reports, stop } = await running();
  world.placed.set(0, ["a"]);
  world.changed([granted("a", "1.1", 400)]);
  await world.clock.advance(2_000);
  assert.equal(reports.sent.at(-1)?.report.gpus[0]?.gate, "waiting");
  const asked = agent.gate.ask({ podUid: "a", pid: 42 });
  await world.clock.advance(1_000);
  assert.equal((await asked).kind, "open");
  await world.clock.advance(1_000);
  assert.equal(reports.sent.at(-1)?.report.gpus[0]?.gate, "open");
  await stop();
});

Deno.test("C19: no report goes out under a sequence that is not on the disk", async () => {
  const world = new World(1);
  const reports = new Reports(world);
  world.files.broken = true;
  const agent = await agentOf(world, reports);
  await agent.once();
  assert.equal(reports.sent.length, 0);
  assert.match(agent.troubles().join(), /record cannot be written/);
  world.files.broken = false;
  await agent.once();
  assert.equal(reports.sent.length, 1);
});
