/** `verify` on a real API server: passes on what is right, names what is not, writes nothing. @module */

import assert from "node:assert/strict";
import { POWER_GRANT_ANNOTATION } from "../../../cluster/mod.ts";
import { KUBE, KUSTOMIZE } from "../../kube/mod.ts";
import { NAMESPACE } from "./filled_deploy.ts";
import { InstalledWorld, REPORTS } from "./installed_world.ts";

interface Row {
  readonly check: string;
  readonly subject: string;
  readonly result: string;
  readonly found: string;
  readonly remedy: string;
}

async function verify(world: InstalledWorld, ...flags: string[]) {
  const { code, stdout, stderr } = await world.program(
    "verify",
    "--output",
    "json",
    ...flags,
  );
  assert.equal(stderr, "");
  const { checks, summary } = JSON.parse(stdout) as {
    readonly checks: readonly Row[];
    readonly summary: Readonly<Record<string, number>>;
  };
  const bad = checks.filter(({ result }) => result === "fail");
  return { code, checks, summary, bad };
}

Deno.test({
  name: "verify passes, fails and says what it could not check",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async (t) => {
    await using world = await InstalledWorld.open();
    const { client } = world.cluster;

    await t.step("an installation in order passes", async () => {
      const { code, bad, checks, summary } = await verify(world);
      assert.deepEqual(bad, []);
      assert.equal(code, 0);
      const passed = new Set(
        checks.filter(({ result }) => result === "pass")
          .map(({ check }) => check),
      );
      for (
        const check of [
          ...["api_server", "crd", "policy", "agents", "planner", "report"],
          ...["safe_default", "lease", "annotations", "gate", "rbac"],
        ]
      ) assert.ok(passed.has(check), check);
      // No kubelet runs the pods of this cluster, so nobody's metrics can be asked for.
      assert.equal(summary["not_checked"], 2);
    });

    await t.step("strict: what was not checked fails, too", async () => {
      assert.equal((await verify(world, "--strict")).code, 1);
    });

    await t.step("a person sees a table and what to do", async () => {
      await world.agentsReady(1);
      const { code, stdout } = await world.program("verify");
      assert.equal(code, 1);
      assert.match(
        stdout,
        /agents +wattkeeper-system\/wattkeeper-agent +fail +1 of 2 ready/,
      );
      assert.match(stdout, /What to do:\n- agents/);
      await world.agentsReady(2);
    });

    await t.step("a silent node, by its age", async () => {
      await world.report("node-b", "enforced", {
        observedAt: new Date(Date.now() - 90_000),
      });
      const { code, bad } = await verify(world);
      assert.equal(code, 1);
      assert.deepEqual(bad.map(({ subject }) => subject), ["node-b"]);
      assert.match(bad[0]?.found ?? "", /9\d s old/);
    });

    await t.step(
      "a GPU that is refused, and safe defaults that differ",
      async () => {
        await world.report("node-b", "refused", { safeDefaultWatts: 600 });
        const { bad } = await verify(world);
        assert.deepEqual(
          bad.map(({ check }) => check).sort(),
          ["annotations", "report", "safe_default"],
        );
      },
    );

    await t.step("a grant that is not applied yet", async () => {
      await world.report("node-b", "enforced");
      using planner = world.cluster.clientFor(
        await world.cluster.endpointFor({
          namespace: "wattkeeper-system",
          name: "wattkeeper-planner",
        }),
      );
      const uid = world.uids.get("node-b");
      await planner.client.mergePatch(
        `/api/v1/namespaces/${NAMESPACE}/pods/worker-node-b`,
        {
          metadata: {
            annotations: { [POWER_GRANT_ANNOTATION]: `v1 ${uid} 5.4 300 300` },
          },
        },
      );
      const { bad } = await verify(world);
      assert.match(bad[0]?.found ?? "", /grant 5\.4 is not applied on GPU 0/);
      await world.report("node-b", "enforced", {});
    });

    await t.step("a node without a report", async () => {
      await client.delete(`${REPORTS}/node-a`);
      const { bad } = await verify(world);
      assert.ok(
        bad.some(({ check, subject }) =>
          check === "report" && subject === "node-a"
        ),
      );
    });

    await t.step("a planner that does not renew its Lease", async () => {
      await world.lease(new Date(Date.now() - 60_000));
      const { bad } = await verify(world);
      assert.ok(bad.some(({ check }) => check === "lease"));
    });

    await t.step(
      "a policy that is gone, a right that is missing, one too many",
      async () => {
        const policies =
          "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
        await client.delete(`${policies}/wattkeeper-pod-grants`);
        const roles =
          `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles`;
        await client.jsonPatch(`${roles}/wattkeeper-planner`, [
          { op: "remove", path: "/rules/0" },
        ]);
        await client.jsonPatch(
          "/apis/rbac.authorization.k8s.io/v1/clusterroles/wattkeeper-agent",
          [{
            op: "add",
            path: "/rules/-",
            value: { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
          }],
        );
        const { bad } = await verify(world);
        const row = (check: string, subject: string) =>
          bad.find((one) =>
            one.check === check && one.subject.startsWith(subject)
          );
        assert.match(
          row("policy", "wattkeeper-pod-grants")?.found ?? "",
          /no binding denies/,
        );
        const planner = row("rbac", "wattkeeper-planner");
        assert.match(planner?.found ?? "", /may not list pods/);
        assert.match(planner?.remedy ?? "", /resources: \["pods"\]/);
        assert.match(
          row("rbac", "wattkeeper-agent")?.found ?? "",
          /may get secrets, which nothing needs/,
        );
      },
    );

    await t.step(
      "an account without rights: not checked, and why",
      async () => {
        world.kubeconfig = await world.cluster.kubeconfigFile(
          await world.cluster.endpointFor({
            namespace: NAMESPACE,
            name: "nobody",
          }),
        );
        const { code, checks, bad } = await verify(
          world,
          "--namespace",
          NAMESPACE,
        );
        assert.equal(code, 0);
        assert.deepEqual(bad, []);
        const unknown = checks.filter(({ result }) => result === "not_checked");
        assert.ok(unknown.length > 8);
        for (const { found, remedy } of unknown) assert.ok(found && remedy);
      },
    );

    await t.step("no API server: one error", async () => {
      world.kubeconfig = await world.cluster.kubeconfigFile({
        ...world.cluster.adminEndpoint,
        server: new URL("https://127.0.0.1:1"),
      });
      const { code, stderr } = await world.program("verify");
      assert.equal(code, 1);
      assert.match(stderr, /WK404|cluster_unreachable/);
    });
  },
});
