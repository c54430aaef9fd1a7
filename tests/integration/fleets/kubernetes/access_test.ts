/** What is missing in a cluster is said all at once, with what to paste or apply; what goes away later is no crash. @module */

import assert from "node:assert/strict";
import type { Step } from "../../../../planner/core/mod.ts";
import { KUBE, Stage, startCluster, until } from "../../../kube/mod.ts";
import { CRD_FOLDERS } from "./crds.ts";
import { disaggregated, openFleet, podTemplate, untilLeading } from "./rig.ts";

const alive = () => new AbortController().signal;

const LOOKING = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: looking }
rules:
- apiGroups: ["nvidia.com"]
  resources: ["dynamographdeployments"]
  verbs: ["get", "list", "watch"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: looking }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: looking }
subjects:
- { kind: ServiceAccount, name: looker, namespace: prod }
`;

const READING = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reading }
rules:
- apiGroups: ["", "nvidia.com", "wattkeeper.dev"]
  resources: ["*"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["coordination.k8s.io"]
  resources: ["leases"]
  verbs: ["*"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: reading }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reading }
subjects:
- { kind: ServiceAccount, name: reader, namespace: prod }
`;

Deno.test({
  name: "access to a cluster",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  const { client } = cluster;

  await t.step("no CRD of reports: what to apply is said", async () => {
    await Stage.open(client, "prod");
    await assert.rejects(
      openFleet(cluster, { namespace: "prod" }),
      (error: Error & { remedy?: string }) => {
        assert.match(error.message, /has no nodepowerreports\.wattkeeper\.dev/);
        assert.match(
          error.remedy ?? "",
          /kubectl apply -f deploy\/base\/crd\/nodepowerreports\.yaml/,
        );
        return true;
      },
    );
  });

  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  const stage = await Stage.open(client, "prod");
  await disaggregated(stage);

  await t.step(
    "missing permissions are told together, ready to paste",
    async () => {
      const endpoint = await cluster.endpointFor({
        namespace: "prod",
        name: "looker",
      });
      await cluster.applyFiles(LOOKING);
      await assert.rejects(
        openFleet(cluster, {
          namespace: "prod",
          loadEndpoint: () => Promise.resolve(endpoint),
        }),
        (error: Error) => {
          assert.match(error.message, /3 things are in the way/);
          for (
            const resource of [
              "pods",
              "nodepowerreports",
              "dynamographdeploymentscalingadapters",
            ]
          ) {
            assert(
              error.message.includes(`resources: ["${resource}"]`),
              error.message,
            );
          }
          assert(error.message.includes('verbs: ["list", "watch"]'));
          return true;
        },
      );
    },
  );

  await t.step(
    "who may only read is refused each write with the rule; help that is missing is a notice",
    async () => {
      const endpoint = await cluster.endpointFor({
        namespace: "prod",
        name: "reader",
      });
      await cluster.applyFiles(READING);
      await using fleet = await openFleet(cluster, {
        namespace: "prod",
        loadEndpoint: () => Promise.resolve(endpoint),
      });
      await untilLeading(fleet);
      assert.match(
        fleet.notices.join("\n"),
        /horizontalpodautoscalers cannot be watched/,
      );
      const { pods: [one], sides } = await fleet.snapshot(alive());
      assert(one);
      const { namespace, name, uid, resourceVersion } = one.pod;
      const patched = await fleet.apply({
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
      assert.equal(patched.kind, "refused");
      assert.match(
        "reason" in patched ? patched.reason : "",
        /resources: \["pods"\]/,
      );
      const step: Step = {
        kind: "scale",
        side: "decode",
        replicas: 2,
        fromReplicas: 1,
        resourceVersion: sides.decode?.resourceVersion,
      };
      const scaled = await fleet.apply(step, alive());
      assert.equal(scaled.kind, "refused");
      assert.match(
        "reason" in scaled ? scaled.reason : "",
        /resources: \["dynamographdeployments"\]/,
      );
    },
  );

  await t.step("a token that is not accepted says so", async () => {
    await assert.rejects(
      openFleet(cluster, {
        namespace: "prod",
        loadEndpoint: () =>
          Promise.resolve({
            server: cluster.adminEndpoint.server,
            caCertificates: cluster.adminEndpoint.caCertificates,
            token: () => Promise.resolve("stale"),
            namespace: "prod",
          }),
      }),
      /401|not accepted/,
    );
  });

  await t.step(
    "an annotation by another tool that nobody can read opts in and is written over",
    async () => {
      await stage.worker("llm", "decode", {
        name: "decode-odd",
        node: "n7",
        annotations: {
          "dynamo.nvidia.com/gpu-power-limit": "as much as you like",
          "wattkeeper.dev/power-grant": "v9 ☢",
          "example.com/blob": "x".repeat(200_000),
        },
      });
      await using fleet = await openFleet(cluster, { namespace: "prod" });
      await untilLeading(fleet);
      const snapshot = await fleet.snapshot(alive());
      const odd = snapshot.pods.find(({ pod }) => pod.name === "decode-odd")
        ?.pod;
      assert(odd);
      const { namespace, name, uid, resourceVersion } = odd;
      assert.deepEqual(
        await fleet.apply({
          kind: "patch",
          purpose: "grant",
          pod: { namespace, name, uid, resourceVersion },
          grant: {
            podUid: uid,
            generation: { epoch: 1, sequence: 1 },
            watts: 300,
            boundWatts: 300,
          },
        }, alive()),
        { kind: "done" },
      );
      const { metadata } = await client.get(`${stage.pods()}/decode-odd`) as {
        metadata: { annotations: Record<string, string> };
      };
      assert.equal(
        metadata.annotations["dynamo.nvidia.com/gpu-power-limit"],
        "300",
      );
      assert.equal(metadata.annotations["example.com/blob"]?.length, 200_000);
    },
  );

  await t.step(
    "mixed GPUs on one side are refused with the nodes",
    async () => {
      const mixed = await Stage.open(client, "mixed");
      await mixed.graph("llm", {
        components: [{
          name: "decode",
          type: "decode",
          replicas: 2,
          podTemplate: podTemplate(1),
        }],
      });
      for (const [index, model] of ["NVIDIA H200", "NVIDIA B200"].entries()) {
        const name = `decode-${index}`;
        const nodeName = `mixed-${index}`;
        await mixed.worker("llm", "decode", { name, node: nodeName });
        await mixed.report({
          nodeName,
          observedAt: new Date(),
          agentVersion: "0.1.0",
          bootId: "b",
          driverSession: "s",
          safeDefaultWatts: 490,
          sequence: 1,
          gpus: [{
            uuid: `GPU-${nodeName}`,
            index: 0,
            model,
            occupancy: "pod",
            gate: "waiting",
            pod: { namespace: "mixed", name, uid: await mixed.podUid(name) },
            state: "enforced",
            reason: "",
          }],
        });
      }
      await assert.rejects(
        openFleet(cluster, { namespace: "mixed", sides: ["decode"] }),
        /different GPUs: NVIDIA H200 \(node "mixed-0"\), NVIDIA B200 \(node "mixed-1"\)/,
      );
    },
  );

  await t.step(
    "an API server that is gone for a while costs the Lease and nothing else",
    async () => {
      await using fleet = await openFleet(cluster, {
        namespace: "prod",
        leaseTimes: { renewDeadlineMs: 500, renewMs: 200, retryMs: 100 },
      });
      await untilLeading(fleet);
      await cluster.restartApiServer(async () => {
        await until(
          "the Lease has run out",
          async () => (await fleet.snapshot(alive())).lease?.heldByUs === false,
        );
        const snapshot = await fleet.snapshot(alive());
        assert(snapshot.pods.length >= 2);
        assert.equal(snapshot.consistent, false);
        const [one] = snapshot.pods;
        assert(one);
        const { namespace, name, uid, resourceVersion } = one.pod;
        const outcome = await fleet.apply({
          kind: "patch",
          purpose: "lower",
          pod: { namespace, name, uid, resourceVersion },
          grant: {
            podUid: uid,
            generation: { epoch: 1, sequence: 9 },
            watts: 200,
            boundWatts: 300,
          },
        }, alive());
        assert.equal(outcome.kind, "conflict");
      });
      await untilLeading(fleet);
    },
  );
});
