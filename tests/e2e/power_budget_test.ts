/** The budget on real parts: API server, planner process, agents, gates, Prometheus; R41 seen from the devices. @module */

import assert from "node:assert/strict";
import {
  ApiError,
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../cluster/mod.ts";
import { until } from "../kube/mod.ts";
import { COMPLETE, World } from "./world/world.ts";

const BUDGET_WATTS = 2_400;
const RAISED_WATTS = 2_000;

Deno.test({
  name: "the budget holds through everything that a cluster does",
  ignore: !COMPLETE,
}, async (t) => {
  await using world = await World.open({
    nodes: 3,
    gpusPerNode: 3,
    budgetWatts: BUDGET_WATTS,
  });
  const { operator, traffic, nodes, stage } = world;
  const scenario = (name: string, run: () => Promise<void>) =>
    t.step(name, () => world.scenario(name, run));
  const replicas = () =>
    operator.serving("prefill") + operator.serving("decode");
  const node = (index: number) => {
    const found = nodes[index];
    assert(found);
    return found;
  };
  const notes: string[] = [];

  try {
    await scenario("first start: gates open as watts are granted", async () => {
      await world.leadWith(await world.startPlanner());
      await world.untilSettled();
      assert.ok(replicas() >= 2);
    });

    await scenario("traffic up", async () => {
      const before = replicas();
      traffic.requestsPerSecond = 40;
      await until("there are more replicas", () => replicas() > before, 60_000);
      await world.untilSettled();
    });

    await scenario("annotation tampered with", async () => {
      const [pod] = operator.pods;
      assert(pod);
      const path = `${stage.pods()}/${pod.metadata.name}`;
      const tamper = () =>
        stage.client.mergePatch(path, {
          metadata: { annotations: { [POWER_LIMIT_ANNOTATION]: "700" } },
        });
      await assert.rejects(
        tamper(),
        (error) => error instanceof ApiError && error.kind === "forbidden",
      );
      // Where somebody has taken the policy away, agents and planner hold.
      await world.withoutPolicy("wattkeeper-pod-grants", tamper);
      await until("the planner has put it right", async () => {
        const annotations = await world.annotations(pod.metadata.name);
        return annotations[POWER_LIMIT_ANNOTATION] !== "700" &&
          annotations[POWER_GRANT_ANNOTATION] !== undefined;
      });
    });

    await scenario("budget cut", async () => {
      const ms = await world.cutBudget(2_100);
      notes.push(`budget cut to 2100 W: compliant after ${ms.toFixed(0)} ms`);
      await world.untilSettled();
    });

    await scenario("agent killed during a cut", async () => {
      const victim = node(0);
      const limits = [0, 1, 2].map((gpu) => victim.nvml.limitWatts(gpu));
      await victim.stopAgent();
      await world.announceCut(1_900);
      await world.untilMetric("power_budget_total_watts", (w) => w === 1_900);
      assert.deepEqual(
        [0, 1, 2].map((gpu) => victim.nvml.limitWatts(gpu)),
        limits,
        "caps stand while nobody holds them",
      );
      await victim.startAgent();
      await world.cutBudget(1_900);
      await world.untilSettled();
    });

    await scenario("planner killed in the middle of a cut", async () => {
      await world.announceCut(1_750);
      await world.untilMetric("power_budget_total_watts", (w) => w === 1_750);
      await world.planner.kill();
      await world.leadWith(await world.startPlanner());
      await world.cutBudget(1_750);
      await world.untilSettled();
    });

    await scenario("API server restarted", async () => {
      await world.cluster.restartApiServer();
      const ms = await world.cutBudget(1_650);
      notes.push(
        `budget cut to 1650 W right after the restart: compliant after ${
          ms.toFixed(0)
        } ms`,
      );
      await world.untilSettled();
    });

    await scenario("rollout in the middle of a cut", async () => {
      await Promise.all([
        operator.surge("decode"),
        world.cutBudget(1_550),
      ]);
      await world.untilSettled(90_000);
    });

    await scenario("two planners, one of them paused", async () => {
      const first = world.planner;
      const second = await world.startPlanner(world.spareLink);
      assert.notEqual(await second.metric("leader"), 1);
      first.pause();
      await world.leadWith(second);
      await world.cutBudget(1_450);
      first.resume();
      await until(
        "the first one has noticed",
        async () => await first.metric("leader") !== 1,
      );
      await world.untilSettled();
      assert.equal(await second.metric("leader"), 1);
      // Whoever has taken over cannot know whether its larger file is the newer one (C17).
      await world.announceRaise(RAISED_WATTS);
      await world.untilMetric(
        "power_budget_total_watts",
        (watts) => watts === RAISED_WATTS,
      );
    });

    await scenario("watch frozen", async () => {
      world.spareLink.freeze();
      const [pod] = operator.pods.filter(({ metadata }) =>
        metadata.deletionTimestamp === undefined
      );
      assert(pod);
      await stage.client.delete(`${stage.pods()}/${pod.metadata.name}`);
      await until(
        "the pod's successor is through its gate",
        () =>
          operator.pods.every(({ metadata }) =>
            metadata.uid !== pod.metadata.uid
          ),
        60_000,
      );
      await world.untilSettled(90_000);
    });

    await scenario("node lost, and back after a reboot", async () => {
      const lost = nodes.find(({ pods }) => pods.size > 0);
      assert(lost);
      const gone = operator.pods.filter(({ spec }) =>
        spec.nodeName === lost.name
      );
      assert.ok(gone.length > 0);
      operator.lose(lost.name);
      await lost.lose();
      // Evicted: nobody on the node says that they have ended.
      for (const { metadata } of gone) {
        await stage.client.delete(`${stage.pods()}/${metadata.name}`);
      }
      await world.untilMetric("power_charged_watts", (watts) => watts > 0);
      await lost.reboot();
      operator.find(lost.name);
      await world.untilSettled(90_000);
    });

    await scenario("traffic down", async () => {
      const before = replicas();
      traffic.requestsPerSecond = 0.5;
      await until(
        "there are fewer replicas",
        () => replicas() < before,
        60_000,
      );
      await world.untilSettled();
    });

    await scenario("traffic up again, in the old budget", async () => {
      const before = replicas();
      traffic.requestsPerSecond = 40;
      await until("there are more replicas", () => replicas() > before, 60_000);
      await world.untilSettled();
    });

    await scenario("a larger budget, two minutes after its file", async () => {
      assert.equal(
        await world.planner.metric("power_budget_in_force_watts"),
        1_450,
      );
      const before = world.budgetWatts;
      const ms = await world.untilRaised();
      notes.push(
        `budget raised to ${RAISED_WATTS} W after a take-over: in force ${
          ms.toFixed(0)
        } ms after the two minutes`,
      );
      await world.untilMetric("power_charged_watts", (watts) => watts > before);
      await world.untilSettled();
    });
  } finally {
    console.log([world.table(), ...notes].join("\n"));
  }
});
