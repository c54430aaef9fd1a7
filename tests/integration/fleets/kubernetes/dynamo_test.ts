/** DGDs with and without adapters, other scalers, and what becomes of them, on a real API server (R26, P97–P100). @module */

import assert from "node:assert/strict";
import type { FleetSnapshot, Step } from "../../../../planner/core/mod.ts";
import type {
  KubernetesFleet,
  KubernetesFleetOptions,
} from "../../../../planner/fleets/mod.ts";
import { KUBE, Stage, startCluster, textAt, until } from "../../../kube/mod.ts";
import { CRD_FOLDERS, OTHER_CRDS } from "./crds.ts";
import {
  DISAGG,
  disaggregated,
  openFleet,
  podTemplate,
  settledAt,
  untilLeading,
} from "./rig.ts";

const alive = () => new AbortController().signal;

function scaleDecode(
  { sides }: FleetSnapshot,
  replicas: number,
): Step {
  return {
    kind: "scale",
    side: "decode",
    replicas,
    fromReplicas: sides.decode?.targetReplicas,
    resourceVersion: sides.decode?.resourceVersion,
  };
}

/** A DGD whose decode component declares an adapter. */
const ADAPTED = {
  components: DISAGG.components.map((component) =>
    component.name === "decode"
      ? { ...component, scalingAdapter: {} }
      : component
  ),
};

Deno.test({
  name: "DGDs of v1beta1",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of [...CRD_FOLDERS, OTHER_CRDS]) {
    await cluster.applyFiles(folder);
  }
  const { client } = cluster;
  let count = 0;

  /** One step with a namespace and, once it calls `open`, a fleet. */
  const step = (
    what: string,
    check: (
      stage: Stage,
      open: (
        change?: Partial<KubernetesFleetOptions>,
      ) => Promise<KubernetesFleet>,
    ) => Promise<void>,
  ) =>
    t.step(what, async () => {
      const namespace = `dgd-${++count}`;
      const stage = await Stage.open(client, namespace);
      const fleets: KubernetesFleet[] = [];
      try {
        await check(stage, async (change = {}) => {
          const fleet = await openFleet(cluster, { namespace, ...change });
          fleets.push(fleet);
          if (!change.readOnly) await untilLeading(fleet);
          return fleet;
        });
      } finally {
        for (const fleet of fleets) await fleet[Symbol.asyncDispose]();
      }
    });

  const replicasOf = async (stage: Stage, component: string) => {
    const graph = await client.get(`${stage.graphs()}/llm`) as {
      spec: { components: { name: string; replicas: number }[] };
    };
    return graph.spec.components.find(({ name }) => name === component)
      ?.replicas;
  };
  const adapterReplicas = async (stage: Stage) => {
    const adapter = await client.get(`${stage.adapters()}/llm-decode`) as {
      spec: { replicas: number };
    };
    return adapter.spec.replicas;
  };

  await step(
    "a declared adapter is the authority, and is what is scaled",
    async (stage, open) => {
      await stage.graph("llm", ADAPTED);
      await stage.adapter("llm", "decode", 2);
      const fleet = await open();
      const before = await fleet.snapshot(alive());
      assert.equal(before.sides.decode?.targetReplicas, 2);
      assert.deepEqual(await fleet.apply(scaleDecode(before, 5), alive()), {
        kind: "done",
      });
      assert.equal(await adapterReplicas(stage), 5);
      assert.equal(await replicasOf(stage, "decode"), 1);
      await until(
        "it is seen",
        async () =>
          (await fleet.snapshot(alive())).sides.decode?.targetReplicas === 5,
      );
      assert.equal(
        (await fleet.apply(scaleDecode(before, 3), alive())).kind,
        "conflict",
      );
    },
  );

  await step(
    "a declared adapter that is not there is never gone around",
    async (stage, open) => {
      await stage.graph("llm", ADAPTED);
      const fleet = await open();
      const snapshot = await fleet.snapshot(alive());
      assert.equal(snapshot.sides.decode?.targetReplicas, undefined);
      assert.equal(snapshot.sides.decode?.rollout, "unknown");
      assert.match(
        snapshot.problems?.join() ?? "",
        /declares a scaling adapter/,
      );
      const outcome = await fleet.apply(scaleDecode(snapshot, 3), alive());
      assert.equal(outcome.kind, "refused");
      assert.equal(await replicasOf(stage, "decode"), 1);
    },
  );

  await step("an adapter of somebody else is refused", async (stage, open) => {
    await stage.graph("llm", ADAPTED);
    await stage.adapter("llm", "decode", 2, {
      metadata: {
        ownerReferences: [{
          apiVersion: "nvidia.com/v1beta1",
          kind: "DynamoGraphDeployment",
          name: "llm",
          uid: "00000000-0000-0000-0000-000000000000",
          controller: true,
        }],
      },
    });
    const fleet = await open();
    const snapshot = await fleet.snapshot(alive());
    const outcome = await fleet.apply(scaleDecode(snapshot, 3), alive());
    assert.equal(outcome.kind, "refused");
    assert.match("reason" in outcome ? outcome.reason : "", /is owned by/);
    assert.equal(await adapterReplicas(stage), 2);
  });

  await step(
    "an adapter that is not declared is ignored, the deployment is patched",
    async (stage, open) => {
      await stage.graph("llm", DISAGG);
      await stage.adapter("llm", "decode", 7);
      const fleet = await open();
      const snapshot = await fleet.snapshot(alive());
      assert.equal(snapshot.sides.decode?.targetReplicas, 1);
      assert.deepEqual(await fleet.apply(scaleDecode(snapshot, 3), alive()), {
        kind: "done",
      });
      assert.equal(await replicasOf(stage, "decode"), 3);
      assert.equal(await adapterReplicas(stage), 7);
    },
  );

  await step(
    "a component that changed meanwhile is a conflict, and nothing is written",
    async (stage, open) => {
      await stage.graph("llm", DISAGG);
      const fleet = await open();
      const snapshot = await fleet.snapshot(alive());
      await client.mergePatch(`${stage.graphs()}/llm`, { spec: ADAPTED });
      const outcome = await fleet.apply(scaleDecode(snapshot, 3), alive());
      assert.equal(outcome.kind, "conflict");
      assert.equal(await replicasOf(stage, "decode"), 1);
    },
  );

  await step(
    "a fence moves the version and leaves the number",
    async (stage, open) => {
      await stage.graph("llm", DISAGG);
      const fleet = await open();
      const before = await fleet.snapshot(alive());
      const fence: Step = {
        kind: "scale",
        side: "decode",
        replicas: 1,
        fromReplicas: 1,
        resourceVersion: before.sides.decode?.resourceVersion,
        fenceEpoch: 4,
      };
      assert.deepEqual(await fleet.apply(fence, alive()), { kind: "done" });
      const graph = await client.get(`${stage.graphs()}/llm`);
      assert.equal(
        textAt(graph, "metadata", "annotations", "wattkeeper.dev/epoch"),
        "4",
      );
      assert.notEqual(
        textAt(graph, "metadata", "resourceVersion"),
        before.sides.decode?.resourceVersion,
      );
      assert.equal(await replicasOf(stage, "decode"), 1);
    },
  );

  await step(
    "roles that cannot be told refuse the start, all problems together",
    async (stage, open) => {
      await stage.graph("llm", {
        components: [
          {
            name: "a",
            type: "decode",
            replicas: 1,
            podTemplate: podTemplate(1),
          },
          {
            name: "b",
            type: "decode",
            replicas: 1,
            podTemplate: podTemplate(1),
          },
        ],
      });
      await assert.rejects(open(), (error: Error & { code?: string }) => {
        assert.equal(error.code, "fleet_unusable");
        assert.match(error.message, /Two components say that they are decode/);
        assert.match(error.message, /No component is prefill/);
        return true;
      });
    },
  );

  await step("slices of GPUs refuse the start", async (stage, open) => {
    await stage.graph("llm", {
      components: DISAGG.components.map((component) =>
        component.name === "decode"
          ? {
            ...component,
            podTemplate: {
              spec: {
                containers: [{
                  name: "main",
                  resources: { limits: { "nvidia.com/mig-3g.40gb": 1 } },
                }],
              },
            },
          }
          : component
      ),
    });
    await assert.rejects(open(), /nvidia\.com\/mig-3g\.40gb/);
  });

  await step(
    "an HPA on the target refuses the start, and holds the side later",
    async (stage, open) => {
      await stage.graph("llm", ADAPTED);
      await stage.adapter("llm", "decode", 1);
      const hpas =
        `/apis/autoscaling/v2/namespaces/${stage.namespace}/horizontalpodautoscalers`;
      const hpa = {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: { name: "stranger" },
        spec: {
          scaleTargetRef: {
            apiVersion: "nvidia.com/v1beta1",
            kind: "DynamoGraphDeploymentScalingAdapter",
            name: "llm-decode",
          },
          minReplicas: 1,
          maxReplicas: 9,
        },
      };
      await client.create(hpas, hpa);
      await assert.rejects(
        open(),
        /HorizontalPodAutoscaler "stranger" scales .*"llm-decode"/,
      );
      const watching = await open({ readOnly: true });
      assert.match(watching.notices.join(), /stranger/);
      await client.delete(`${hpas}/stranger`);
      const fleet = await open();
      assert.equal(
        (await fleet.snapshot(alive())).sides.decode?.scaledBy,
        undefined,
      );
      await client.create(hpas, hpa);
      await until(
        "it is noticed",
        async () =>
          (await fleet.snapshot(alive())).sides.decode?.scaledBy !== undefined,
      );
      const snapshot = await fleet.snapshot(alive());
      const outcome = await fleet.apply(scaleDecode(snapshot, 4), alive());
      assert.equal(outcome.kind, "refused");
      assert.equal(await adapterReplicas(stage), 1);
    },
  );

  await step(
    "KEDA is named rather than the HPA that it makes",
    async (stage, open) => {
      await stage.graph("llm", ADAPTED);
      await stage.adapter("llm", "decode", 1);
      await client.create(
        `/apis/keda.sh/v1alpha1/namespaces/${stage.namespace}/scaledobjects`,
        {
          apiVersion: "keda.sh/v1alpha1",
          kind: "ScaledObject",
          metadata: { name: "queue" },
          spec: {
            scaleTargetRef: {
              apiVersion: "nvidia.com/v1beta1",
              kind: "DynamoGraphDeploymentScalingAdapter",
              name: "llm-decode",
            },
          },
        },
      );
      await assert.rejects(open(), /ScaledObject "queue" scales/);
    },
  );

  await step(
    "replicas that somebody else sets are kept and told",
    async (stage, open) => {
      await stage.graph("llm", ADAPTED);
      await stage.adapter("llm", "decode", 1);
      const fleet = await open();
      await fleet.snapshot(alive());
      await client.mergePatch(
        `${stage.adapters()}/llm-decode/scale?fieldManager=kubectl-scale`,
        { spec: { replicas: 6 } },
      );
      await until(
        "it is seen",
        async () =>
          (await fleet.snapshot(alive())).sides.decode?.targetReplicas === 6,
      );
      const told = await until("it is told", async () => {
        const { items } = await client.get(
          `/api/v1/namespaces/${stage.namespace}/events`,
        ) as { items: { reason: string; message: string }[] };
        return items.find(({ reason }) => reason === "ReplicasChanged");
      });
      assert.match(told.message, /"kubectl-scale" has set decode from 1 to 6/);
      assert.equal(await adapterReplicas(stage), 6);
    },
  );

  await step(
    "pods of a deployment that is gone stay charged, and nothing is scaled",
    async (stage, open) => {
      await disaggregated(stage);
      const fleet = await open();
      await client.delete(`${stage.graphs()}/llm`);
      await until(
        "it is noticed",
        async () =>
          (await fleet.snapshot(alive())).problems?.join().includes(
            "not there any more",
          ),
      );
      const snapshot = await fleet.snapshot(alive());
      assert.equal(snapshot.pods.length, 2);
      assert.equal(snapshot.sides.decode?.rollout, "unknown");
      const outcome = await fleet.apply(scaleDecode(snapshot, 4), alive());
      assert.equal(outcome.kind, "refused");
    },
  );

  await step("rollout states are told apart", async (stage, open) => {
    await disaggregated(stage);
    const fleet = await open();
    const rollout = async () =>
      (await fleet.snapshot(alive())).sides.decode?.rollout;
    await until("it is settled", async () => await rollout() === "settled");
    await stage.graphStatus("llm", {
      components: { decode: { ...settledAt(1), updatedReplicas: 0 } },
      rollingUpdate: { phase: "InProgress" },
    });
    await until("it rolls", async () => await rollout() === "rolling");
    await stage.graphStatus("llm", { rollingUpdate: { phase: "Failed" } });
    await until("it has failed", async () => await rollout() === "failed");
  });

  await step(
    "owner deployment: the cap is read from the template, no pod is patched",
    async (stage, open) => {
      await stage.graph("llm", {
        components: DISAGG.components.map((component) =>
          component.name === "decode"
            ? {
              ...component,
              podTemplate: podTemplate(1, {
                annotations: { "dynamo.nvidia.com/gpu-power-limit": " 350 " },
              }),
            }
            : component
        ),
      });
      await stage.worker("llm", "decode", { name: "decode-0", node: "n9" });
      const fleet = await open({ ownsCaps: false });
      const { sides, pods: [one] } = await fleet.snapshot(alive());
      assert.equal(sides.decode?.authoredCapWatts, 350);
      assert(one);
      const { namespace, name, uid, resourceVersion } = one.pod;
      const outcome = await fleet.apply({
        kind: "patch",
        purpose: "grant",
        pod: { namespace, name, uid, resourceVersion },
        grant: {
          podUid: uid,
          generation: { epoch: 1, sequence: 1 },
          watts: 300,
          boundWatts: 300,
        },
      }, alive());
      assert.equal(outcome.kind, "refused");
    },
  );

  await step(
    "a side over several nodes is counted over all its pods",
    async (stage, open) => {
      await stage.graph("llm", {
        components: DISAGG.components.map((component) =>
          component.name === "decode"
            ? {
              ...component,
              multinode: { nodeCount: 2 },
              podTemplate: podTemplate(8),
            }
            : component
        ),
      });
      await stage.graphStatus("llm", {
        components: { decode: { ...settledAt(1), gpusPerReplica: 16 } },
      });
      for (const index of [0, 1]) {
        await stage.worker("llm", "decode", {
          name: `decode-${index}`,
          gpus: 8,
          labels: {
            "grove.io/podcliquescalinggroup": "llm-0-decode",
            "grove.io/podcliquescalinggroup-replica-index": "0",
          },
        });
      }
      const fleet = await open();
      const { sides, pods } = await fleet.snapshot(alive());
      assert.equal(sides.decode?.gpusPerReplica, 16);
      assert.deepEqual(pods.map(({ gpus }) => gpus), [8, 8]);
      assert.equal(new Set(pods.map(({ replica }) => replica)).size, 1);
      assert.equal(sides.decode?.rollout, "settled");
    },
  );

  await step(
    "frontends are found with their addresses",
    async (stage, open) => {
      await disaggregated(stage);
      await stage.worker("llm", "Frontend", {
        name: "frontend-0",
        type: "frontend",
        node: "n1",
        gpus: 0,
        podIP: "10.1.2.3",
        ports: [{ name: "http", containerPort: 8123 }],
      });
      const fleet = await open();
      await fleet.snapshot(alive());
      const found = await fleet.frontends.list(alive());
      assert.deepEqual(
        found.map(({ name, ip, ports }) => [name, ip, ports[0]?.containerPort]),
        [["frontend-0", "10.1.2.3", 8123]],
      );
    },
  );
});
