import { match, ok, rejects, strictEqual } from "node:assert";
import { kubeconfigEndpoint } from "../../../../cluster/kubeconfig/kubeconfig.ts";
import { WattkeeperError } from "../../../../service/mod.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const DATA = new TextEncoder().encode(PEM).toBase64();

/** As kubeadm writes `/etc/kubernetes/kubelet.conf`. */
const KUBEADM = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${DATA}
    server: https://10.0.0.1:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: system:node:node-a
  name: system:node:node-a@kubernetes
- context: # a second one
    cluster: kubernetes
    namespace: serving
    user: 'other'
  name: "second"
current-context: system:node:node-a@kubernetes
kind: Config
preferences: {}
users:
- name: system:node:node-a
  user:
    client-certificate: pki/node.pem
    client-key: pki/node.key
- name: other
  user:
    token: abc.def
`;

/** A folder with a kubeconfig and the files it names. */
async function folder(kubeconfig: string) {
  const path = await Deno.makeTempDir();
  await Deno.mkdir(`${path}/pki`);
  await Deno.writeTextFile(`${path}/pki/node.pem`, PEM);
  await Deno.writeTextFile(`${path}/pki/node.key`, "KEY");
  await Deno.writeTextFile(`${path}/config`, kubeconfig);
  return {
    path,
    file: `${path}/config`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

Deno.test("kubeadm's file: certificate beside it, authority inside it", async () => {
  await using at = await folder(KUBEADM);
  const endpoint = await kubeconfigEndpoint(at.file);
  strictEqual(endpoint.server.href, "https://10.0.0.1:6443/");
  strictEqual(endpoint.caCertificates[0], PEM);
  strictEqual(endpoint.clientCertificate?.certificate, PEM);
  strictEqual(endpoint.clientCertificate?.key, "KEY");
  strictEqual(endpoint.token, undefined);
  strictEqual(endpoint.namespace, "default");
});

Deno.test("another context, with a token", async () => {
  await using at = await folder(KUBEADM);
  const endpoint = await kubeconfigEndpoint(at.file, "second");
  strictEqual(await endpoint.token?.(), "abc.def");
  strictEqual(endpoint.namespace, "serving");
});

Deno.test("a token file is read anew each time", async () => {
  await using at = await folder(
    KUBEADM.replace("token: abc.def", "tokenFile: token"),
  );
  const endpoint = await kubeconfigEndpoint(at.file, "second");
  for (const token of ["first", "second"]) {
    await Deno.writeTextFile(`${at.path}/token`, `${token}\n`);
    strictEqual(await endpoint.token?.(), token);
  }
  await Deno.writeTextFile(`${at.path}/token`, "\n");
  await rejects(async () => await endpoint.token?.(), /is empty/);
});

Deno.test("JSON is read too", async () => {
  await using at = await folder(JSON.stringify({
    "current-context": "c",
    clusters: [{ name: "k", cluster: { server: "https://k" } }],
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    users: [{ name: "u", user: { token: "t" } }],
  }));
  strictEqual(await (await kubeconfigEndpoint(at.file)).token?.(), "t");
});

const faults: [string, (text: string) => string, RegExp][] = [
  [
    "a missing context",
    (t) => t.replace("t-context: sys", "t-context: x"),
    /no context "xtem:/,
  ],
  [
    "no current context",
    (t) => t.replace(/current-context.*/, ""),
    /no current-context/,
  ],
  [
    "a missing cluster",
    (t) => t.replace("name: kubernetes", "name: k"),
    /no cluster "kubernetes"/,
  ],
  [
    "a missing user",
    (t) => t.replace("- name: system:node:node-a", "- name: u"),
    /no user/,
  ],
  [
    "no address",
    (t) => t.replace("https://10.0.0.1:6443", "10.0.0.1"),
    /not an https address/,
  ],
  [
    "an unproven server",
    (t) =>
      t.replace(
        "    server:",
        "    insecure-skip-tls-verify: true\n    server:",
      ),
    /insecure-skip-tls-verify/,
  ],
  [
    "a login program",
    (t) => t.replace("client-key: pki/node.key", "exec:\n      command: aws"),
    /"exec"/,
  ],
  [
    "a password",
    (t) => t.replace("client-key: pki/node.key", "password: x"),
    /"password"/,
  ],
  [
    "a certificate without key",
    (t) => t.replace("    client-key: pki/node.key\n", ""),
    /not both/,
  ],
  ["bad base64", (t) => t.replace(DATA, "%%"), /./],
  [
    "a file that is not there",
    (t) => t.replace("pki/node.pem", "pki/none"),
    /does not exist/,
  ],
  [
    "an anchor",
    (t) => t.replace("preferences: {}", "preferences: &p"),
    /Anchors/,
  ],
  ["a list in place of the object", () => "- a\n", /not an object/],
  ["broken JSON", () => "{", /cannot be read/],
];
for (const [what, change, message] of faults) {
  Deno.test(`a kubeconfig with ${what} says so`, async () => {
    await using at = await folder(change(KUBEADM));
    await rejects(() => kubeconfigEndpoint(at.file), (error) => {
      ok(error instanceof WattkeeperError);
      match(error.message, message);
      strictEqual(error.exitCode, 2);
      return true;
    });
  });
}
