import { match, ok, rejects, strictEqual } from "node:assert";
import { ApiError, ApiTransport, readPod } from "../../../cluster/mod.ts";
import {
  FaultyLink,
  KUBE,
  startCluster,
  textAt,
  until,
} from "../../kube/mod.ts";

const ignore = KUBE === undefined;

const NAMESPACE_AND_MAP = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: prod }
data: { watts: "300" }
---
apiVersion: v1
kind: Namespace
metadata: { name: prod }
`;

Deno.test({ name: "a cluster for one test file", ignore }, async (t) => {
  await using cluster = await startCluster();
  const { client } = cluster;

  await t.step("is Kubernetes 1.34", async () => {
    strictEqual(textAt(await client.get("/version"), "gitVersion"), "v1.34.4");
  });

  await t.step("takes manifests in any order", async () => {
    const stored = await cluster.applyFiles(NAMESPACE_AND_MAP);
    strictEqual(stored.length, 2);
    const path = "/api/v1/namespaces/prod/configmaps/settings";
    strictEqual(textAt(await client.get(path), "data", "watts"), "300");
    await cluster.deleteFiles(NAMESPACE_AND_MAP);
    await rejects(client.get(path), ApiError);
  });

  await t.step("serves a CRD as soon as it is applied", async () => {
    const crds = new URL("../../../deploy/base/crd", import.meta.url).pathname;
    await cluster.applyFiles(crds);
    await client.get("/apis/wattkeeper.dev/v1alpha1/nodepowerreports");
  });

  await t.step(
    "gives an account a real token, bound to a pod and its node",
    async () => {
      const endpoint = await cluster.endpointFor({
        namespace: "wattkeeper-system",
        name: "wattkeeper-agent",
        boundTo: { pod: "agent-a", node: "node-a" },
      });
      using agent = cluster.clientFor(endpoint);
      const review = await agent.client.create(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      );
      match(
        JSON.stringify(review),
        /"authentication.kubernetes.io\/node-name":\["node-a"\]/,
      );
      await rejects(
        agent.client.get("/api/v1/namespaces/wattkeeper-system/pods/agent-a"),
        (error) =>
          error instanceof ApiError && error.kind === "forbidden" &&
          error.message.includes('verbs: ["get"]'),
      );
    },
  );

  await t.step("a kubeconfig file has it all", async () => {
    const path = await cluster.kubeconfigFile(cluster.adminEndpoint);
    match(await Deno.readTextFile(path), /client-key-data: \S+/);
  });

  await t.step("comes back after a restart with what it held", async () => {
    let refused = false;
    await cluster.restartApiServer(async () => {
      await rejects(client.get("/version"), ApiError);
      refused = true;
    });
    ok(refused);
    readPod(
      await client.get("/api/v1/namespaces/wattkeeper-system/pods/agent-a"),
    );
  });

  await t.step(
    "is reached over a link that freezes, breaks and heals",
    async () => {
      await using link = new FaultyLink(cluster.adminEndpoint.server);
      using transport = new ApiTransport(() =>
        Promise.resolve({
          ...cluster.adminEndpoint,
          server: link.through(cluster.adminEndpoint.server),
        })
      );
      const read = () =>
        transport.send("/version", { signal: AbortSignal.timeout(300) })
          .then((response) => response.json());
      await read();
      link.freeze();
      await rejects(read(), /TimeoutError|timed out/);
      await read();
      link.cut();
      await rejects(read(), ApiError);
      link.mend();
      await until("the link is whole", () => read().catch(() => false));
    },
  );
});
