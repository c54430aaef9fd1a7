/** `uninstall` on a real API server: in order, bounded, repeatable; agents' reports are played. @module */

import assert from "node:assert/strict";
import { KUBE, KUSTOMIZE, until } from "../../kube/mod.ts";
import { InstalledWorld } from "./installed_world.ts";

Deno.test({
  name: "uninstall gives everything back, and says what is left",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async (t) => {
    await using world = await InstalledWorld.open();

    await t.step(
      "--dry-run says what it would do, and writes nothing",
      async () => {
        const before = await world.workloads();
        const { code, stdout } = await world.program("uninstall", "--dry-run");
        assert.equal(code, 0);
        assert.match(stdout, /scale to 0: wattkeeper-planner/);
        assert.match(stdout, /annotations of 2 pods, 2 of them with the gate/);
        assert.match(stdout, /kubectl delete namespace wattkeeper-system/);
        assert.deepEqual(await world.workloads(), before);
        assert.equal((await world.annotated()).length, 2);
      },
    );

    await t.step("while a planner goes on, nothing is taken away", async () => {
      await world.lease(new Date(Date.now() + 60_000));
      const { code, stderr } = await world.program(
        "uninstall",
        "--wait-seconds",
        "0",
      );
      assert.equal(code, 1);
      assert.match(stderr, /held by "planner-1"/);
      assert.equal((await world.annotated()).length, 2);
      assert.equal((await world.workloads()).replicas, 0);
    });

    await t.step("GPUs that are not given back in time are named", async () => {
      await world.lease(new Date(Date.now() - 60_000));
      const { code, stdout } = await world.program(
        "uninstall",
        "--wait-seconds",
        "1",
      );
      assert.equal(code, 1);
      assert.match(stdout, /Removed the annotations of 2 pods/);
      assert.match(stdout, /- node-a: GPU 0 is enforced at 300 W/);
      assert.match(stdout, /Delete nothing before/);
      assert.doesNotMatch(stdout, /kubectl delete/);
      assert.deepEqual(await world.annotated(), []);
      assert.match((await world.workloads()).agentArgs, /--release-all/);
    });

    await t.step("again: it waits until the last node says so", async () => {
      const running = world.program("uninstall", "--output", "json");
      await world.report("node-a", "released");
      // A node that has given back, and reported it before, says unmanaged.
      await world.report("node-b", "unmanaged");
      const { code, stdout, stderr } = await running;
      assert.equal(code, 0, stdout + stderr);
      const answer = JSON.parse(stdout);
      assert.equal(answer.done, true);
      assert.deepEqual(
        answer.nodes.map(({ released }: { released: number }) => released),
        [1, 1],
      );
      assert.ok(answer.left_to_do.length > 4);
      const { agentArgs } = await world.workloads();
      assert.equal(agentArgs.split("--release-all").length, 2);
    });

    await t.step("a silent node is waited for, and named", async () => {
      await world.report("node-a", "released", {
        observedAt: new Date(Date.now() - 90_000),
      });
      const { code, stdout } = await world.program(
        "uninstall",
        "--wait-seconds",
        "1",
      );
      assert.equal(code, 1);
      assert.match(stdout, /- node-a: silent for 9\d s/);
    });

    await t.step(
      "an account that may not release is told which right it lacks",
      async () => {
        await until("annotated again", async () => {
          using planner = world.cluster.clientFor(
            await world.cluster.endpointFor({
              namespace: "wattkeeper-system",
              name: "wattkeeper-planner",
            }),
          );
          const uid = world.uids.get("node-a");
          await planner.client.mergePatch(
            "/api/v1/namespaces/inference/pods/worker-node-a",
            {
              metadata: {
                annotations: {
                  "wattkeeper.dev/power-grant": `v1 ${uid} 9.1 300 300`,
                  "dynamo.nvidia.com/gpu-power-limit": "300",
                },
              },
            },
          );
          return true;
        });
        await world.cluster.applyFiles(OPERATOR);
        world.kubeconfig = await world.cluster.kubeconfigFile(
          await world.cluster.endpointFor({
            namespace: "inference",
            name: "operator",
          }),
        );
        const { code, stderr } = await world.program(
          "uninstall",
          "--namespace",
          "inference",
        );
        assert.equal(code, 1);
        assert.match(stderr, /powergrants/);
      },
    );
  },
});

/** May do everything but release. */
const OPERATOR = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: operator
rules:
  - apiGroups: [""]
    resources: [pods]
    verbs: [list, patch]
  - apiGroups: [apps]
    resources: [daemonsets, deployments, deployments/scale]
    verbs: [get, list, patch]
  - apiGroups: [coordination.k8s.io]
    resources: [leases]
    verbs: [list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: operator
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: operator
subjects:
  - kind: ServiceAccount
    name: operator
    namespace: inference
`;
