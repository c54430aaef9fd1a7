/** The agent's own code takes its taint off its own Node, with its own token, under the overlay's policy. @module */

import assert from "node:assert/strict";
import { StartupTaint } from "../../../agent/startup_taint.ts";
import { realClock } from "../../../cluster/mod.ts";
import { KUBE, KUSTOMIZE } from "../../kube/mod.ts";
import { AccessWorld } from "./access_world.ts";

Deno.test({
  name:
    "the start-up taint goes, others stay, and another node's is not to be had",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async () => {
    await using world = await AccessWorld.open("prearm");
    await world.policiesInForce();
    using agent = world.cluster.clientFor(
      await world.cluster.endpointFor({
        namespace: "wattkeeper-system",
        name: "wattkeeper-agent",
        boundTo: { pod: "agent-a", node: "node-a" },
      }),
    );
    const keys = async (node: string) =>
      JSON.stringify(await world.cluster.client.get(`/api/v1/nodes/${node}`));
    const lines: string[] = [];
    const on = async (nodeName: string, signal: AbortSignal) => {
      const taint = new StartupTaint({
        client: agent.client,
        nodeName,
        taint: "wattkeeper.dev/agent-not-ready",
        clock: realClock,
        random: Math.random,
        log: {
          info: (line) => lines.push(line),
          warning: (line) => lines.push(line),
        },
      });
      taint.enforced();
      await taint.run(signal);
    };
    await on("node-a", AbortSignal.timeout(20_000));
    assert.doesNotMatch(await keys("node-a"), /agent-not-ready/);
    assert.match(await keys("node-a"), /nvidia\.com\/gpu/);
    const stop = new AbortController();
    const vain = on("node-b", stop.signal);
    while (lines.length < 2) await realClock.sleep(10);
    stop.abort();
    await vain;
    assert.match(lines[1] ?? "", /changes only its own Node/);
    assert.match(await keys("node-b"), /agent-not-ready/);
  },
});
