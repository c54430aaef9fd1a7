/** Short stories in which one missing rule breaks R41, or leaves somebody waiting for ever. @module */

import assert from "node:assert/strict";
import {
  type LedgerUnderTest,
  type PlannerDriver,
  type Precondition,
} from "./planner_driver.ts";
import { SmallWorld } from "./small_world.ts";

/** Throws when the story ends badly. */
export type Scenario = (core: LedgerUnderTest, fleet: FleetFaults) => void;

/** What is wrong with the fleet that applies the steps; nothing by default. */
export interface FleetFaults {
  readonly precondition?: Precondition;
  /** A take-over goes on with the view from before. */
  readonly staleViews?: boolean;
}

/** Pods p1 (prefill, node n1) and p2 (decode, node n2) at 300 W under one leader. */
function both(
  core: LedgerUnderTest,
  precondition: Precondition = "version",
  caps = { prefill: 300, decode: 300 },
): { world: SmallWorld; old: PlannerDriver } {
  const world = new SmallWorld(["n1", "n2", "n3"], { core, precondition });
  world.add("p1", "n1", "prefill");
  world.add("p2", "n2", "decode");
  world.agents();
  const old = world.planner();
  old.takeLease(0);
  world.settle(old, caps);
  return { world, old };
}

function within(world: SmallWorld, watts = 800): void {
  assert(world.watts <= watts, `${world.watts} W of ${watts} W`);
}

/** Everything that the agent of a node has under way arrives in one piece, or version by version. */
function sees(world: SmallWorld, node: string, versions = Infinity): void {
  const it = world.nodes.get(node)!;
  it.view.deliverPods(versions);
  it.pass(world.nowMs);
  within(world);
}

/** Freezes a leader whose raise of p1 to 500 W is under way. */
function packet(world: SmallWorld, old: PlannerDriver) {
  world.stage(old, { prefill: 500, decode: 300 });
  if (old.queue[0]?.kind === "lease") old.applyNext(world.nowMs);
  const write = old.applyNext(world.nowMs, "late");
  assert(write?.step.kind === "patch");
  return write;
}

function successor(world: SmallWorld): PlannerDriver {
  world.nowMs += 15_000;
  const next = world.planner();
  next.takeLease(world.nowMs);
  world.stage(next, { prefill: 300, decode: 500 });
  next.applyAll(world.nowMs);
  return next;
}

/** Stages and applies a few times without the agents. */
function insists(world: SmallWorld, planner: PlannerDriver): void {
  for (let round = 0; round < 4; round++) {
    world.stage(planner, { prefill: 300, decode: 500 });
    planner.applyAll(world.nowMs);
  }
}

/** A raise that the agent has not seen yet, taken back: the hardware may still come to it. */
export const raiseTakenBack: Scenario = (core) => {
  const { world, old } = both(core);
  world.stage(old, { prefill: 500, decode: 300 });
  old.applyAll(world.nowMs);
  insists(world, old);
  sees(world, "n2");
  sees(world, "n1", 1);
  within(world);
};

/** The stamp of p1 is lost, and the old packet arrives after all. */
export const stampLost: Scenario = (core) => {
  const { world, old } = both(core);
  const write = packet(world, old);
  const next = successor(world);
  world.stage(next, { prefill: 300, decode: 500 });
  while (next.queue.length > 0) {
    const step = next.queue[0]!;
    const lost = step.kind === "patch" && step.pod.name === "p1";
    next.applyNext(world.nowMs, lost ? "lost" : "answered");
  }
  world.stage(next, { prefill: 300, decode: 500 });
  while (next.queue.length > 0) {
    const step = next.queue[0]!;
    const lost = step.kind === "patch" && step.pod.name === "p1";
    next.applyNext(world.nowMs, lost ? "lost" : "answered");
  }
  world.land(write);
  sees(world, "n1");
  sees(world, "n2");
};

/** The old packet is a grant for a pod that waits in its gate. */
export const packetForTheGate: Scenario = (core) => {
  const { world, old } = both(core);
  world.api.setScaler("prefill", 2);
  world.add("p3", "n3", "prefill");
  world.agents(old);
  world.stage(old, { prefill: 300, decode: 200 }, {
    replicas: { prefill: 2, decode: 1 },
  });
  old.applyAll(world.nowMs);
  world.agents(old);
  world.stage(old, { prefill: 300, decode: 200 }, {
    replicas: { prefill: 2, decode: 1 },
  });
  while (old.queue[0] && old.queue[0].kind !== "patch") {
    old.applyNext(world.nowMs);
  }
  const write = old.applyNext(world.nowMs, "late");
  assert(write?.step.kind === "patch" && write.step.purpose === "grant");
  // The next leader has no business with p3 but its stamp.
  const next = successor(world);
  for (let round = 0; round < 4; round++) {
    world.stage(next, { decode: 500 });
    next.applyAll(world.nowMs);
    world.agents(next);
  }
  assert.equal(world.limit("n2"), 500);
  world.land(write);
  world.agents(next);
  within(world);
};

/** The stamp wins; the packet must not be written over it before the agent has seen either. */
export const packetAfterStamp: Scenario = (core, { precondition }) => {
  const { world, old } = both(core, precondition);
  const write = packet(world, old);
  const next = successor(world);
  insists(world, next);
  world.land(write);
  sees(world, "n2");
  sees(world, "n1");
};

/** The packet lands between LIST and stamp; the stamp must not bury it. */
export const packetBeforeStamp: Scenario = (core, { precondition }) => {
  const { world, old } = both(core, precondition);
  const write = packet(world, old);
  const next = successor(world);
  world.stage(next, { prefill: 300, decode: 500 });
  world.land(write);
  next.applyAll(world.nowMs);
  insists(world, next);
  sees(world, "n2");
  sees(world, "n1", 1);
};

/** p1's object is deleted by force before the take-over, its process runs on. */
export const vanishedBeforeTakeOver: Scenario = (core) => {
  const { world } = both(core, "version", { prefill: 500, decode: 300 });
  world.nodes.get("n1")!.agentUp = false;
  world.api.removePod("p1");
  const next = successor(world);
  for (let round = 0; round < 4; round++) {
    world.stage(next, { decode: 600 });
    next.applyAll(world.nowMs);
    sees(world, "n2");
  }
};

/** p1's object is deleted by force under the eyes of its leader. */
export const vanishedUnderWay: Scenario = (core) => {
  const { world, old } = both(core, "version", { prefill: 500, decode: 300 });
  world.api.removePod("p1");
  world.rounds(4, old, { decode: 600 });
  within(world);
};

/** A standby takes over with the reports that it has from before p1 was placed. */
export const cachedReports: Scenario = (core, { staleViews = false }) => {
  const world = new SmallWorld(["n1", "n2"], { core });
  const standby = world.planner();
  world.add("p2", "n2", "decode");
  world.agents();
  standby.standBy();
  world.add("p1", "n1", "prefill");
  world.agents();
  const old = world.planner();
  old.takeLease(0);
  world.settle(old, { prefill: 500, decode: 300 });
  standby.view!.deliverPods();
  standby.takeLease(0, staleViews);
  for (let round = 0; round < 6; round++) {
    standby.view!.deliverPods();
    world.stage(standby, { prefill: 500, decode: 700 }, { see: !staleViews });
    standby.applyAll(0);
    world.agents();
    within(world);
  }
};

/** A cut to 600 W has been complied with; the next leader's configuration still says 800 W. */
export const staleBudget: Scenario = (core) => {
  const { world, old } = both(core);
  for (let round = 0; round < 4; round++) {
    world.agents(old);
    world.stage(old, { prefill: 300, decode: 300 }, { budgetWatts: 600 });
    old.applyAll(world.nowMs);
  }
  assert.equal(world.api.lease.budgetWatts, 600);
  const next = world.planner();
  next.takeLease(world.nowMs);
  for (let round = 0; round < 8; round++) {
    world.nowMs += 10_000;
    world.stage(next, { prefill: 300, decode: 500 }, { budgetWatts: 800 });
    next.applyAll(world.nowMs);
    world.agents(next);
    within(world, 600);
  }
};

/** p1 vanishes, its process ends, its GPU is free: who comes after it must be let in. */
export const successorIsLetIn: Scenario = (core) => {
  const { world, old } = both(core, "version", { prefill: 500, decode: 300 });
  world.api.removePod("p1");
  world.rounds(1, old, { prefill: 500, decode: 300 });
  world.nodes.get("n1")!.stop("p1");
  world.add("p3", "n3", "prefill");
  world.rounds(8, old, { prefill: 500, decode: 300 });
  assert(world.nodes.get("n3")!.running.has("p3"), "p3 waits for ever");
};

/** A stranger touches p2 just before its raise, which meets a conflict: it must be raised all the same. */
export const conflictForgotten: Scenario = (core) => {
  const { world, old } = both(core);
  world.stage(old, { prefill: 300, decode: 500 });
  world.api.changePod("p2", { phase: "Running" });
  old.applyAll(world.nowMs);
  // In less time than a stamp takes that resolves what is not heard of.
  world.rounds(4, old, { prefill: 300, decode: 500 });
  assert.equal(world.limit("n2"), 500);
};

/** All of them. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  raiseTakenBack,
  stampLost,
  packetForTheGate,
  packetAfterStamp,
  packetBeforeStamp,
  vanishedBeforeTakeOver,
  vanishedUnderWay,
  cachedReports,
  staleBudget,
  successorIsLetIn,
  conflictForgotten,
};
