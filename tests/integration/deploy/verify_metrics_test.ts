/** `verify` asks a real agent and a real planner for their metrics, through the API server's proxy to their pods. @module */

import assert from "node:assert/strict";
import { PlannerProcess } from "../../e2e/world/planner_process.ts";
import { GpuNode, KUBE, KUSTOMIZE, until } from "../../kube/mod.ts";
import { HAS_CC } from "../../nvml_fake/fake.ts";
import { InstalledWorld, SYSTEM_PODS } from "./installed_world.ts";

const SIMULATED =
  new URL("../../../docs/examples/h200_disagg.yaml", import.meta.url).pathname;
/** An address of this machine that is not the loopback, which an API server never proxies to. */
const ADDRESS = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !/^(?:127|169\.254)\./.test(address)
)?.address;

/** A row of `verify` about metrics. */
async function metricsRow(world: InstalledWorld, check: string) {
  const { stdout } = await world.program("verify", "--output", "json");
  const { checks } = JSON.parse(stdout) as {
    readonly checks: readonly {
      readonly check: string;
      readonly result: string;
      readonly found: string;
    }[];
  };
  return checks.find((row) => row.check === check);
}

/** A pod of the installation that runs at an address, with one port. */
async function running(
  { cluster: { client } }: InstalledWorld,
  app: string,
  pod: {
    readonly name: string;
    readonly portName: string;
    readonly port: number;
  },
): Promise<void> {
  await client.create(SYSTEM_PODS, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod.name, labels: { "app.kubernetes.io/name": app } },
    spec: {
      containers: [{
        name: "main",
        image: "test",
        ports: [{ name: pod.portName, containerPort: pod.port }],
      }],
    },
  });
  await client.mergePatch(`${SYSTEM_PODS}/${pod.name}/status`, {
    status: { phase: "Running", podIP: ADDRESS, podIPs: [{ ip: ADDRESS }] },
  });
}

Deno.test({
  name: "verify: metrics of a real agent and a real planner",
  ignore: KUBE === undefined || KUSTOMIZE === undefined || !HAS_CC ||
    ADDRESS === undefined,
  fn: async (t) => {
    await using world = await InstalledWorld.open();

    await t.step("an agent that answers passes", async () => {
      await using node = await GpuNode.create({
        name: "node-a",
        gpus: 1,
        kubeconfig: await world.cluster.kubeconfigFile(
          await world.cluster.endpointFor({
            namespace: "wattkeeper-system",
            name: "wattkeeper-agent",
            boundTo: { pod: "agent-node-a", node: "node-a" },
          }),
        ),
        hostname: "0.0.0.0",
      });
      await node.startAgent();
      await running(world, "wattkeeper-agent", {
        name: "agent",
        portName: "metrics",
        port: Number(new URL(node.url).port),
      });
      const row = await metricsRow(world, "agent_metrics");
      assert.equal(row?.result, "pass", row?.found ?? "no row");
      assert.equal(row?.found, "1 pods answer");
    });

    await t.step("the same agent, gone, fails and is named", async () => {
      const row = await metricsRow(world, "agent_metrics");
      assert.equal(row?.result, "fail");
      assert.match(row?.found ?? "", /^agent: /);
    });

    await t.step("a planner that answers passes", async () => {
      await using planner = await PlannerProcess.start({
        config: SIMULATED,
        hostname: "0.0.0.0",
      });
      await until(
        "it has decided",
        async () => (await planner.metric("decisions_total") ?? 0) > 0,
      );
      await running(world, "wattkeeper-planner", {
        name: "planner",
        portName: "http",
        port: Number(new URL(planner.url).port),
      });
      const row = await metricsRow(world, "planner_metrics");
      assert.equal(row?.result, "pass", row?.found ?? "no row");
    });

    await t.step(
      "something else behind the port, and a pod without the port, fail",
      async () => {
        await using other = Deno.serve({
          hostname: "0.0.0.0",
          port: 0,
          onListen: () => {},
        }, () => new Response("hello"));
        for (const portName of ["http", "other"]) {
          await running(world, "wattkeeper-planner", {
            name: `odd-${portName}`,
            portName,
            port: other.addr.port,
          });
        }
        const row = await metricsRow(world, "planner_metrics");
        assert.equal(row?.result, "fail");
        assert.match(
          row?.found ?? "",
          /odd-http: its answer has no dynamo_planner_decisions_total/,
        );
        assert.match(row?.found ?? "", /odd-other: it has no port named http/);
      },
    );
  },
});
