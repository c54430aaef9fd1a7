/** DGDs of v1alpha1: services instead of components, adapters where there are some (P86, P97, P98). @module */

import assert from "node:assert/strict";
import type { FleetSnapshot, Step } from "../../../../planner/core/mod.ts";
import { InterceptingServer } from "../../../kube/intercepting_server.ts";
import { KUBE, Stage, startCluster } from "../../../kube/mod.ts";
import { ALPHA_CRDS, CRD_FOLDERS } from "./crds.ts";
import { openFleet, settledAt, untilLeading } from "./rig.ts";

const alive = () => new AbortController().signal;
const [REPORTS, DYNAMO] = CRD_FOLDERS;

const SERVICES = {
  services: {
    Frontend: { componentType: "frontend", replicas: 1 },
    PrefillWorker: {
      componentType: "worker",
      subComponentType: "prefill",
      replicas: 1,
      resources: { limits: { gpu: "2" } },
    },
    "Decode/Worker": {
      componentType: "worker",
      subComponentType: "decode",
      replicas: 2,
      resources: { requests: { gpu: "4" } },
      extraPodMetadata: {
        annotations: { "dynamo.nvidia.com/gpu-power-limit": "400" },
      },
      extraPodSpec: {
        mainContainer: { args: ["--served-model-name", "m"] },
      },
    },
  },
};

const scaleDecode = ({ sides }: FleetSnapshot, replicas: number): Step => ({
  kind: "scale",
  side: "decode",
  replicas,
  fromReplicas: sides.decode?.targetReplicas,
  resourceVersion: sides.decode?.resourceVersion,
});

const version = "v1alpha1";

/** A graph whose decode service an adapter scales. */
async function adapted(
  client: Parameters<typeof Stage.open>[0],
  namespace: string,
  replicas: number,
): Promise<Stage> {
  const { "Decode/Worker": decode, ...services } = SERVICES.services;
  const stage = await Stage.open(client, namespace);
  await stage.graph("llm", { services: { ...services, decode } }, { version });
  await client.create(stage.adapters(), {
    apiVersion: "nvidia.com/v1beta1",
    kind: "DynamoGraphDeploymentScalingAdapter",
    metadata: { name: "llm-decode" },
    spec: { replicas, dgdRef: { name: "llm", serviceName: "decode" } },
  });
  return stage;
}

Deno.test({
  name: "DGDs of v1alpha1",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  await cluster.applyFiles(REPORTS);
  await cluster.applyFiles(ALPHA_CRDS);
  const { client } = cluster;

  await t.step(
    "services are read with roles, GPUs, caps and counts",
    async () => {
      const stage = await Stage.open(client, "read");
      await stage.graph("llm", SERVICES, { version });
      await stage.graphStatus("llm", {
        services: { "Decode/Worker": settledAt(2) },
      }, version);
      await using fleet = await openFleet(cluster, { namespace: "read" });
      const { sides } = await fleet.snapshot(alive());
      assert.equal(sides.prefill?.gpusPerReplica, 2);
      assert.equal(sides.decode?.gpusPerReplica, 4);
      assert.equal(sides.decode?.targetReplicas, 2);
      assert.equal(sides.decode?.readyReplicas, 2);
      assert.equal(sides.decode?.authoredCapWatts, 400);
    },
  );

  await t.step(
    "without adapters the service is patched, on its version only",
    async () => {
      const stage = await Stage.open(client, "patch");
      await stage.graph("llm", SERVICES, { version });
      await using fleet = await openFleet(cluster, { namespace: "patch" });
      await untilLeading(fleet);
      const before = await fleet.snapshot(alive());
      assert.deepEqual(await fleet.apply(scaleDecode(before, 3), alive()), {
        kind: "done",
      });
      const graph = await client.get(`${stage.graphs(version)}/llm`) as {
        spec: typeof SERVICES;
      };
      assert.equal(graph.spec.services["Decode/Worker"].replicas, 3);
      const again = await fleet.apply(scaleDecode(before, 4), alive());
      assert.equal(again.kind, "conflict");
    },
  );

  await t.step(
    "an adapter of the service is used where there is one",
    async () => {
      await cluster.applyFiles(
        await Deno.readTextFile(
          `${DYNAMO}/dynamographdeploymentscalingadapters.yaml`,
        ),
      );
      const stage = await adapted(client, "adapter", 5);
      await using fleet = await openFleet(cluster, { namespace: "adapter" });
      await untilLeading(fleet);
      const before = await fleet.snapshot(alive());
      assert.equal(before.sides.decode?.targetReplicas, 5);
      assert.deepEqual(await fleet.apply(scaleDecode(before, 6), alive()), {
        kind: "done",
      });
      const adapter = await client.get(`${stage.adapters()}/llm-decode`) as {
        spec: { replicas: number };
      };
      assert.equal(adapter.spec.replicas, 6);
    },
  );

  await t.step(
    "an adapter that is gone before the watch says so: 404, and the service is patched instead",
    async () => {
      const stage = await adapted(client, "gone", 2);
      await using between = new InterceptingServer(cluster.adminEndpoint);
      between.intercept = ({ isWatch, path }) =>
        isWatch && path === stage.adapters() ? between.silence() : undefined;
      await using fleet = await openFleet(cluster, {
        namespace: "gone",
        loadEndpoint: () => Promise.resolve(between.endpoint),
      });
      await untilLeading(fleet);
      await client.delete(`${stage.adapters()}/llm-decode`);
      const before = await fleet.snapshot(alive());
      assert.deepEqual(await fleet.apply(scaleDecode(before, 4), alive()), {
        kind: "done",
      });
      const graph = await client.get(`${stage.graphs(version)}/llm`) as {
        spec: { services: { decode: { replicas: number } } };
      };
      assert.equal(graph.spec.services.decode.replicas, 4);
      assert.equal(
        between.writes.filter((line) => line.endsWith("/llm-decode/scale"))
          .length,
        1,
      );
    },
  );
});
