import assert from "node:assert/strict";
import { ExecCredentials } from "../../../cluster/kubeconfig/exec_credential.ts";

function login(script: string, timeoutMs: number): ExecCredentials {
  return new ExecCredentials({
    apiVersion: "client.authentication.k8s.io/v1",
    command: "sh",
    args: ["-c", script],
    env: [],
    installHint: undefined,
    interactive: false,
    cluster: undefined,
  }, { file: "/etc/kube.conf", wallClockMs: () => 0, timeoutMs });
}

Deno.test("a login program that waits for somebody is ended, its children's grip on the output or not", async () => {
  await assert.rejects(
    login("trap '' TERM; sleep 2 & wait; sleep 2", 50).get(),
    /did not end in 50 ms/,
  );
});

Deno.test("callers at the same time share one run", async () => {
  const folder = await Deno.makeTempDir();
  const credentials = login(
    `echo run >>${folder}/runs; echo '{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}'`,
    30_000,
  );
  const all = await Promise.all([1, 2, 3].map(() => credentials.get()));
  assert.deepEqual(all.map(({ token }) => token), ["t", "t", "t"]);
  assert.equal(await Deno.readTextFile(`${folder}/runs`), "run\n");
  await Deno.remove(folder, { recursive: true });
});
