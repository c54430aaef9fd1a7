/** The agent against a real API server, with the rights that the manifests give it. @module */

import assert from "node:assert/strict";
import {
  decodeNodePowerReport,
  formatGrant,
  type NodePowerReport,
  REPORTS_PATH,
} from "../../../cluster/mod.ts";
import {
  GpuNode,
  KUBE,
  KUSTOMIZE,
  Stage,
  startCluster,
  type TestCluster,
  until,
} from "../../kube/mod.ts";
import { HAS_CC } from "../../nvml_fake/fake.ts";

const ignore = KUBE === undefined || KUSTOMIZE === undefined || !HAS_CC;
const BASE = new URL("../../../deploy/base", import.meta.url).pathname;

/** A kubeconfig for the agent of a node: a token bound to its pod there. */
async function agentKubeconfig(cluster: TestCluster, node: string) {
  return await cluster.kubeconfigFile(
    await cluster.endpointFor({
      namespace: "wattkeeper-system",
      name: "wattkeeper-agent",
      boundTo: { pod: `agent-${node}`, node },
    }),
  );
}

async function reportOf(
  cluster: TestCluster,
  node: string,
): Promise<NodePowerReport | undefined> {
  try {
    const object = await cluster.client.get(`${REPORTS_PATH}/${node}`);
    const reading = decodeNodePowerReport(object);
    return reading.kind === "report" ? reading.report : undefined;
  } catch {
    return undefined;
  }
}

Deno.test({ name: "the agent and its API server", ignore }, async (t) => {
  await using cluster = await startCluster();
  await cluster.applyFiles(`${BASE}/crd`);
  await Stage.open(cluster.client, "wattkeeper-system");
  await cluster.applyFiles(`${BASE}/agent`);
  const stage = await Stage.open(cluster.client, "prod");
  await using node = await GpuNode.create({
    name: "gpu-1",
    gpus: 2,
    kubeconfig: await agentKubeconfig(cluster, "gpu-1"),
  });
  const report = (
    what: string,
    holds: (report: NodePowerReport) => boolean,
  ) =>
    until(what, async () => {
      const found = await reportOf(cluster, "gpu-1");
      return found && holds(found) ? found : undefined;
    });

  await t.step("reports its GPUs as soon as it runs", async () => {
    await node.startAgent();
    const found = await report("the node is reported", () => true);
    assert.deepEqual(found.gpus.map(({ uuid }) => uuid), [
      "GPU-gpu-1-0",
      "GPU-gpu-1-1",
    ]);
    assert.equal(found.bootId, "gpu-1-boot-1");
    await node.untilReady();
  });

  let uid = "";
  await t.step("a pod waits at its gate, and the report says so", async () => {
    await stage.pod({ name: "worker-0", labels: {}, node: "gpu-1" });
    uid = await stage.podUid("worker-0");
    await node.admit({ namespace: "prod", name: "worker-0", uid, gpus: [0] });
    const found = await report(
      "the pod waits",
      ({ gpus }) => gpus[0]?.gate === "waiting",
    );
    assert.equal(found.gpus[0]?.pod?.uid, uid);
    assert.equal(node.isServing(uid), false);
  });

  await t.step(
    "a grant is set, reported with its generation, and opens the gate",
    async () => {
      await cluster.client.mergePatch(`${stage.pods()}/worker-0`, {
        metadata: {
          annotations: {
            "dynamo.nvidia.com/gpu-power-limit": "300",
            "wattkeeper.dev/power-grant": formatGrant({
              podUid: uid,
              generation: { epoch: 1, sequence: 1 },
              watts: 300,
              boundWatts: 300,
            }),
          },
        },
      });
      await report(
        "the grant is reported",
        ({ gpus }) =>
          gpus[0]?.limitWatts === 300 &&
          gpus[0]?.appliedGeneration?.sequence === 1 && gpus[0].gate === "open",
      );
      assert.equal(node.nvml.limitWatts(0), 300);
      await until("the worker runs", () => node.isServing(uid));
    },
  );

  await t.step(
    "an agent whose record is lost takes the pod's cap over from its own last report",
    async () => {
      const before = await reportOf(cluster, "gpu-1");
      await node.stopAgent();
      await node.loseRecord();
      await node.startAgent();
      const after = await report(
        "a later report that names the pod",
        ({ sequence, gpus }) => {
          if (sequence <= (before?.sequence ?? Infinity)) return false;
          // Before the API server has said what it reported last, a GPU is unknown: charged in full, never free.
          const [gpu] = gpus;
          assert.notEqual(gpu?.occupancy, "free");
          if (!gpu?.pod) assert.equal(gpu?.occupancy, "unknown");
          return gpu?.pod !== undefined;
        },
      );
      assert.equal(after.gpus[0]?.pod?.uid, uid);
      assert.deepEqual(node.nvml.sets(0).at(-1), 300, "never lifted");
    },
  );

  await t.step(
    "while the API server is away it says so and keeps the caps; afterwards it reports again",
    async () => {
      await cluster.restartApiServer(async () => {
        await until("the fault shows", async () => {
          const response = await fetch(`${node.url}/readyz`);
          return (await response.text()).includes("Reports are not delivered");
        });
        const metrics = await (await fetch(`${node.url}/metrics`)).text();
        assert.match(metrics, /^dynamo_power_agent_report_fault 1$/m);
        assert.equal(node.nvml.limitWatts(0), 300);
      });
      const before = await reportOf(cluster, "gpu-1");
      await report(
        "it reports again",
        ({ sequence }) => sequence > (before?.sequence ?? Infinity),
      );
      await node.untilReady();
    },
  );

  await t.step("keeps within its memory", async () => {
    // A start that compiles its sources keeps their syntax trees, which the binary never has; the next finds them compiled.
    await node.stopAgent("SIGTERM");
    await node.startAgent();
    await node.untilReady();
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    const bytes = Number(
      /^dynamo_power_agent_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1],
    );
    assert.ok(bytes <= 80e6, `${bytes / 1e6} MB`);
    console.log(`agent: ${(bytes / 1e6).toFixed(1)} MB resident`);
  });

  await t.step("an ordinary end reports once more", async () => {
    const before = await reportOf(cluster, "gpu-1");
    await node.stopAgent("SIGTERM");
    const after = await reportOf(cluster, "gpu-1");
    assert.ok((after?.sequence ?? 0) > (before?.sequence ?? 0));
    assert.equal(node.nvml.limitWatts(0), 300);
  });
});
