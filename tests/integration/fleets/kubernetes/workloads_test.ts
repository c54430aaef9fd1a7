/** Deployments, StatefulSets and LeaderWorkerSets of people without Dynamo (R26). @module */

import assert from "node:assert/strict";
import type {
  FleetSnapshot,
  Side,
  Step,
} from "../../../../planner/core/mod.ts";
import { KUBE, Stage, startCluster } from "../../../kube/mod.ts";
import { CRD_FOLDERS, OTHER_CRDS } from "./crds.ts";
import { openFleet, podTemplate, untilLeading } from "./rig.ts";

const alive = () => new AbortController().signal;
const LWS = "/apis/leaderworkerset.x-k8s.io/v1/namespaces";

const labels = (role: string, deployment = "llm") => ({
  "wattkeeper.dev/deployment": deployment,
  "wattkeeper.dev/role": role,
});

/** A workload's spec with a selector and a labelled template. */
function workloadSpec(role: string, replicas: number, gpus: number) {
  const template = podTemplate(gpus) as { metadata: object; spec: object };
  return {
    replicas,
    selector: { matchLabels: labels(role) },
    template: { ...template, metadata: { labels: labels(role) } },
  };
}

const scale = (
  { sides }: FleetSnapshot,
  side: Side,
  replicas: number,
): Step => ({
  kind: "scale",
  side,
  replicas,
  fromReplicas: sides[side]?.targetReplicas,
  resourceVersion: sides[side]?.resourceVersion,
});

Deno.test({
  name: "workloads by label",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  const [reports] = CRD_FOLDERS;
  await cluster.applyFiles(reports);
  await cluster.applyFiles(OTHER_CRDS);
  const { client } = cluster;

  await t.step(
    "a Deployment and a StatefulSet are two sides, scaled by their subresource",
    async () => {
      const stage = await Stage.open(client, "apps");
      await client.create(stage.apps("deployments"), {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "prefill", labels: labels("prefill") },
        spec: workloadSpec("prefill", 2, 1),
      });
      await client.create(stage.apps("statefulsets"), {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "decode", labels: labels("decode") },
        spec: { ...workloadSpec("decode", 1, 8), serviceName: "decode" },
      });
      await stage.pod({ name: "decode-0", labels: labels("decode"), gpus: 8 });
      await using fleet = await openFleet(cluster, { namespace: "apps" });
      await untilLeading(fleet);
      const before = await fleet.snapshot(alive());
      assert.equal(before.sides.prefill?.targetReplicas, 2);
      assert.equal(before.sides.decode?.gpusPerReplica, 8);
      assert.deepEqual(
        before.pods.map(({ side, gpus }) => [side, gpus]),
        [["decode", 8]],
      );
      for (const [side, replicas] of [["prefill", 4], ["decode", 3]] as const) {
        assert.deepEqual(
          await fleet.apply(scale(before, side, replicas), alive()),
          { kind: "done" },
        );
      }
      const found = await Promise.all([
        client.get(`${stage.apps("deployments")}/prefill`),
        client.get(`${stage.apps("statefulsets")}/decode`),
      ]) as { spec: { replicas: number } }[];
      assert.deepEqual(found.map(({ spec }) => spec.replicas), [4, 3]);
      const again = await fleet.apply(scale(before, "decode", 5), alive());
      assert.equal(again.kind, "conflict");
    },
  );

  await t.step(
    "a LeaderWorkerSet's replica is its leader and its workers",
    async () => {
      const stage = await Stage.open(client, "groups");
      await client.create(`${LWS}/groups/leaderworkersets`, {
        apiVersion: "leaderworkerset.x-k8s.io/v1",
        kind: "LeaderWorkerSet",
        metadata: { name: "big", labels: labels("agg") },
        spec: {
          replicas: 1,
          leaderWorkerTemplate: { size: 3, workerTemplate: podTemplate(8) },
        },
      });
      for (const index of [0, 1, 2]) {
        await stage.pod({
          name: `big-0-${index}`,
          gpus: 8,
          labels: {
            ...labels("agg"),
            "leaderworkerset.sigs.k8s.io/name": "big",
            "leaderworkerset.sigs.k8s.io/group-index": "0",
            "leaderworkerset.sigs.k8s.io/worker-index": `${index}`,
          },
        });
      }
      await using fleet = await openFleet(cluster, {
        namespace: "groups",
        sides: ["agg"],
      });
      await untilLeading(fleet);
      const snapshot = await fleet.snapshot(alive());
      assert.equal(snapshot.sides.agg?.gpusPerReplica, 24);
      assert.equal(snapshot.pods.length, 3);
      assert.equal(
        new Set(snapshot.pods.map(({ replica }) => replica)).size,
        1,
      );
      assert.deepEqual(await fleet.apply(scale(snapshot, "agg", 2), alive()), {
        kind: "done",
      });
      const { spec } = await client.get(
        `${LWS}/groups/leaderworkersets/big`,
      ) as {
        spec: { replicas: number };
      };
      assert.equal(spec.replicas, 2);
    },
  );

  await t.step("an HPA on a Deployment refuses the start", async () => {
    const stage = await Stage.open(client, "hpa");
    await client.create(stage.apps("deployments"), {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "vllm", labels: labels("agg") },
      spec: workloadSpec("agg", 2, 1),
    });
    await client.create(
      "/apis/autoscaling/v2/namespaces/hpa/horizontalpodautoscalers",
      {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: { name: "cpu" },
        spec: {
          scaleTargetRef: {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: "vllm",
          },
          minReplicas: 1,
          maxReplicas: 9,
        },
      },
    );
    await assert.rejects(
      openFleet(cluster, { namespace: "hpa", sides: ["agg"] }),
      /HorizontalPodAutoscaler "cpu" scales Deployment "vllm"/,
    );
  });

  await t.step(
    "two workloads of one role, and a role that is none, are both told",
    async () => {
      const stage = await Stage.open(client, "wrong");
      for (
        const [name, role] of [["a", "prefill"], ["b", "prefill"], [
          "c",
          "x",
        ]] as const
      ) {
        await client.create(stage.apps("deployments"), {
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name, labels: labels(role) },
          spec: workloadSpec(role, 1, 1),
        });
      }
      await assert.rejects(
        openFleet(cluster, { namespace: "wrong" }),
        (error: Error) => {
          assert.match(
            error.message,
            /Two workloads .* say that they are prefill/,
          );
          assert.match(error.message, /is decode/);
          assert.match(error.message, /label wattkeeper.dev\/role is "x"/);
          return true;
        },
      );
    },
  );

  await t.step(
    "nothing of that name: what was looked for is said",
    async () => {
      await Stage.open(client, "empty");
      await assert.rejects(
        openFleet(cluster, { namespace: "empty" }),
        (error: Error & { remedy?: string }) => {
          assert.match(
            error.message,
            /nothing to plan for in namespace "empty"/,
          );
          assert.match(error.message, /wattkeeper.dev\/deployment=llm/);
          assert.match(error.remedy ?? "", /wattkeeper.dev\/role/);
          return true;
        },
      );
    },
  );
});
