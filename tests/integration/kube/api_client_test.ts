/** The client's errors as a real API server causes them. @module */

import assert from "node:assert/strict";
import {
  type ApiClient,
  ApiError,
  type ApiFaultKind,
  type Endpoint,
} from "../../../cluster/mod.ts";
import { KUBE, startCluster, textAt } from "../../kube/mod.ts";

const MAP = "/api/v1/namespaces/default/configmaps/settings";
const MAPS = "/api/v1/namespaces/default/configmaps";

function configMap(data: Record<string, string>, metadata = {}) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", ...metadata },
    data,
  };
}

async function fails(
  call: Promise<unknown>,
  kind: ApiFaultKind,
  message: RegExp,
  reason?: string,
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    if (reason) assert.equal(error.reason, reason);
    return true;
  });
}

Deno.test({
  name: "the client and a real API server",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  const { client } = cluster;

  await t.step("creates once", async () => {
    await client.create(MAPS, configMap({ watts: "300" }));
    await fails(
      client.create(MAPS, configMap({})),
      "conflict",
      /already exists/,
      "AlreadyExists",
    );
  });

  await t.step(
    "a write on an old version is a conflict, by PUT and by merge patch",
    async () => {
      const before = await client.get(MAP);
      const resourceVersion = textAt(before, "metadata", "resourceVersion");
      const uid = textAt(before, "metadata", "uid");
      await client.mergePatch(MAP, {
        metadata: { uid, resourceVersion },
        data: { watts: "400" },
      });
      await fails(
        client.replace(MAP, configMap({}, { resourceVersion })),
        "conflict",
        /has been modified/,
        "Conflict",
      );
      await fails(
        client.mergePatch(MAP, { metadata: { resourceVersion }, data: {} }),
        "conflict",
        /has been modified/,
      );
      await fails(
        client.mergePatch(MAP, { metadata: { uid: "another" }, data: {} }),
        "invalid",
        /metadata\.uid.* immutable/,
      );
      assert.equal(textAt(await client.get(MAP), "data", "watts"), "400");
    },
  );

  await t.step("a JSON patch whose test fails changes nothing", async () => {
    await fails(
      client.jsonPatch(MAP, [
        { op: "test", path: "/data/watts", value: "300" },
        { op: "replace", path: "/data/watts", value: "700" },
      ]),
      "invalid",
      /./,
    );
    assert.equal(textAt(await client.get(MAP), "data", "watts"), "400");
    await client.jsonPatch(MAP, [
      { op: "test", path: "/data/watts", value: "400" },
      { op: "replace", path: "/data/watts", value: "350" },
    ]);
    assert.equal(textAt(await client.get(MAP), "data", "watts"), "350");
  });

  await t.step(
    "an apply does not take others' fields by accident",
    async () => {
      const ours = configMap({ watts: "500" });
      const fieldManager = "wattkeeper-planner";
      await fails(
        client.apply(MAP, ours, { fieldManager }),
        "conflict",
        /conflict/i,
      );
      await client.apply(MAP, ours, { fieldManager, force: true });
      assert.equal(textAt(await client.get(MAP), "data", "watts"), "500");
    },
  );

  await t.step("2 MB of annotations are refused with the field", async () => {
    await fails(
      client.mergePatch(MAP, {
        metadata: { annotations: { a: "x".repeat(2 << 20) } },
      }),
      "invalid",
      /annotations/,
    );
    await fails(
      client.create(MAPS, configMap({ a: "x".repeat(4 << 20) })),
      "invalid",
      /413|too large/i,
    );
  });

  await t.step("a delete minds its preconditions", async () => {
    await fails(
      client.delete(MAP, { uid: "00000000-0000-0000-0000-000000000000" }),
      "conflict",
      /uid/i,
    );
    await client.delete(MAP);
    await fails(client.delete(MAP), "gone", /not found/);
    await fails(client.get(MAP), "gone", /"settings" not found/, "NotFound");
  });

  await t.step("an unknown version of a CRD is gone, and says so", async () => {
    await fails(
      client.get("/apis/nvidia.com/v1beta9/dynamographdeployments"),
      "gone",
      /a CRD, or a version of one, may be missing/,
    );
  });

  const as = async (
    endpoint: Endpoint,
    work: (client: ApiClient) => Promise<void>,
  ) => {
    using voice = cluster.clientFor(endpoint);
    await work(voice.client);
  };
  const reader = await cluster.endpointFor({
    namespace: "prod",
    name: "reader",
  });

  await t.step(
    "a missing permission comes with its rule, and the rule is the one",
    async () => {
      const PODS = "/api/v1/namespaces/prod/pods";
      let rule = "";
      await as(reader, async (voice) => {
        await assert.rejects(voice.get(PODS), (error) => {
          assert.ok(error instanceof ApiError && error.kind === "forbidden");
          rule = error.message.slice(error.message.indexOf("- apiGroups"));
          return true;
        });
      });
      await cluster.applyFiles(`
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: prod }
rules:
${rule}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader, namespace: prod }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: reader, namespace: prod }]
`);
      await as(reader, async (voice) => {
        let allowed = false;
        for (let attempt = 0; attempt < 100 && !allowed; attempt++) {
          allowed = await voice.get(PODS).then(() => true, () => false);
        }
        assert.ok(allowed, "the pasted rule allows it");
      });
    },
  );

  await t.step("an expired token is named", async () => {
    const good = await reader.token?.() ?? "";
    const expired = await resigned(good, cluster.accountKey, { exp: 1_000 });
    await as(
      { ...reader, token: () => Promise.resolve(expired) },
      (voice) =>
        fails(
          voice.get(MAP),
          "unauthorized",
          /token or certificate is not accepted: expired/,
        ),
    );
    const again = await resigned(good, cluster.accountKey, {});
    await as(
      { ...reader, token: () => Promise.resolve(again) },
      (voice) => fails(voice.get(MAP), "forbidden", /verbs: \["get"\]/),
    );
  });
});

/** A token with other claims, signed by the cluster's own key. */
async function resigned(
  token: string,
  privatePem: string,
  claims: Record<string, unknown>,
): Promise<string> {
  const [header = "", body = ""] = token.split(".");
  const options = { alphabet: "base64url" } as const;
  const text = new TextDecoder().decode(Uint8Array.fromBase64(body, options));
  const changed = new TextEncoder().encode(
    JSON.stringify({ ...JSON.parse(text), ...claims }),
  ).toBase64({ ...options, omitPadding: true });
  const key = await crypto.subtle.importKey(
    "pkcs8",
    Uint8Array.fromBase64(privatePem.replace(/-----[^-]+-----|\s/g, "")),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    new TextEncoder().encode(`${header}.${changed}`),
  );
  const signed = new Uint8Array(signature)
    .toBase64({ ...options, omitPadding: true });
  return `${header}.${changed}.${signed}`;
}
