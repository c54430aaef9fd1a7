/** The fleet when the API server does not know it any more, is gone, or speaks of what nobody here knows. @module */

import assert from "node:assert/strict";
import { InterceptingServer } from "../../../kube/intercepting_server.ts";
import { KUBE, Stage, startCluster, until } from "../../../kube/mod.ts";
import { ALPHA_CRDS, CRD_FOLDERS } from "./crds.ts";
import { alive, limitOfPod, patchOf } from "./patch_step.ts";
import { CLOCK, disaggregated, openFleet, untilLeading } from "./rig.ts";

Deno.test({
  name: "a fleet whose API server goes away",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);

  await t.step(
    "a token that runs out: writes are refused with the reason, and all goes on once there is a new one",
    async () => {
      const stage = await Stage.open(cluster.client, "tokens");
      await disaggregated(stage);
      const { token, ...endpoint } = await cluster.endpointFor({
        namespace: "tokens",
        name: "planner",
      });
      await cluster.applyFiles(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: tokens-planner }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects:
- { kind: ServiceAccount, name: planner, namespace: tokens }
`);
      const good = await token?.() ?? "";
      let written = good;
      await using fleet = await openFleet(cluster, {
        namespace: "tokens",
        loadEndpoint: () =>
          Promise.resolve({
            ...endpoint,
            token: () => Promise.resolve(written),
          }),
      });
      await untilLeading(fleet);
      written = "expired";
      const outcome = await fleet.apply(
        patchOf(await fleet.snapshot(alive()), "decode-0", 1, 400),
        alive(),
      );
      assert.equal(outcome.kind, "refused");
      assert.match(
        "reason" in outcome ? outcome.reason : "",
        /401 .*not accepted/s,
      );
      assert.equal(
        await limitOfPod(cluster.client, stage, "decode-0"),
        undefined,
      );
      written = good;
      await untilLeading(fleet);
      assert.deepEqual(
        await fleet.apply(
          patchOf(await fleet.snapshot(alive()), "decode-0", 1, 400),
          alive(),
        ),
        { kind: "done" },
      );
    },
  );

  await t.step(
    "an API server that is gone for minutes: nothing is forgotten, it is said, nothing is written, and it goes on by itself",
    async () => {
      const stage = await Stage.open(cluster.client, "minutes");
      await disaggregated(stage);
      // Minutes that the test does not wait for: the fleet's clock is put forward while the server is down.
      let aheadMs = 0;
      await using fleet = await openFleet(cluster, {
        namespace: "minutes",
        clock: { ...CLOCK, now: () => CLOCK.now() + aheadMs },
      });
      await untilLeading(fleet);
      const look = () => fleet.snapshot(alive());
      const before = await look();
      await cluster.restartApiServer(async () => {
        aheadMs += 5 * 60_000;
        await until(
          "the Lease has run out",
          async () => (await look()).lease?.heldByUs === false,
        );
        const snapshot = await look();
        assert.deepEqual(
          snapshot.pods.map(({ pod }) => pod.name),
          before.pods.map(({ pod }) => pod.name),
        );
        assert.match(
          snapshot.problems?.join("\n") ?? "",
          /API server has not been heard of for over 30 s .*pods.*what is known may be old/,
        );
        assert.equal(
          (await fleet.apply(patchOf(before, "decode-0", 1, 400), alive()))
            .kind,
          "conflict",
        );
      });
      await untilLeading(fleet);
      const after = await look();
      assert.doesNotMatch(after.problems?.join("\n") ?? "", /heard of/);
      assert.deepEqual(
        await fleet.apply(patchOf(after, "decode-0", 1, 400), alive()),
        { kind: "done" },
      );
    },
  );
});

Deno.test({
  name:
    "a DGD in a version that nobody here knows: which, what to do, and not one write",
  ignore: KUBE === undefined,
}, async () => {
  await using cluster = await startCluster();
  const [reports = ""] = CRD_FOLDERS;
  await cluster.applyFiles(reports);
  const crd = await Deno.readTextFile(
    `${ALPHA_CRDS}/dynamographdeployments.yaml`,
  );
  await cluster.applyFiles(crd.replaceAll("v1alpha1", "v2beta3"));
  await Stage.open(cluster.client, "prod");
  await using between = new InterceptingServer(cluster.adminEndpoint);
  await assert.rejects(
    openFleet(cluster, {
      namespace: "prod",
      loadEndpoint: () => Promise.resolve(between.endpoint),
    }),
    (error: Error & { remedy?: string }) => {
      assert.match(
        error.message,
        /dynamographdeployments\.nvidia\.com in v2beta3, and this version reads v1beta1 and v1alpha1/,
      );
      assert.match(error.remedy ?? "", /Install a planner that knows/);
      return true;
    },
  );
  assert.ok(between.seen.length > 0);
  assert.deepEqual(between.writes, []);
});
