/**
 * Checks of a cluster of one's own: `deno task test:live`, with KUBECONFIG set.
 *
 * Reads only. `deno task test:live --disruptive` also makes a namespace of its own, tries what must be refused there, and
 * deletes it again; no pod is started.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  ApiClient,
  ApiError,
  ApiTransport,
  findEndpoint,
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
  realClock,
} from "../../cluster/mod.ts";

const KUBECONFIG = Deno.env.get("KUBECONFIG")?.split(":")[0] || undefined;
const DISRUPTIVE = Deno.args.includes("--disruptive");
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const DEADLINE_MS = 60_000;

/** One command against the cluster, its output shown, within a minute. */
async function run(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args, "--kubeconfig", KUBECONFIG ?? ""],
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes))
    .join("");
  console.log(text);
  return { code, text };
}

Deno.test({
  name: "verify finds nothing wrong",
  ignore: KUBECONFIG === undefined,
  fn: async () => assert.equal((await run("verify")).code, 0),
});

Deno.test({
  name: "uninstall --dry-run says what it would do",
  ignore: KUBECONFIG === undefined,
  fn: async () => assert.equal((await run("uninstall", "--dry-run")).code, 0),
});

Deno.test({
  name:
    "disruptive: what must be refused is refused, in a namespace of its own",
  ignore: KUBECONFIG === undefined || !DISRUPTIVE,
  fn: async (t) => {
    using transport = new ApiTransport(() =>
      findEndpoint({ kubeconfig: KUBECONFIG })
    );
    const client = new ApiClient(transport, {
      clock: realClock,
      random: Math.random,
    });
    const name = `wattkeeper-live-${crypto.randomUUID().slice(0, 8)}`;
    await client.create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "wattkeeper.dev/gate": "required" } },
    });
    const pods = `/api/v1/namespaces/${name}/pods`;
    const refused = (request: Promise<unknown>, message: RegExp) =>
      assert.rejects(
        request,
        (error) => error instanceof ApiError && message.test(error.message),
      );
    try {
      await t.step(
        "a pod with GPUs and without the gate",
        () => refused(client.create(pods, pod("ungated", ["python3"])), /gate/),
      );
      await t.step("a pod that is born with a grant", () =>
        refused(
          client.create(
            pods,
            pod("granted", GATED, { [POWER_GRANT_ANNOTATION]: "v1" }),
          ),
          /No pod is created/,
        ));
      await t.step("a power limit that is not the planner's", async () => {
        await client.create(pods, pod("gated", GATED));
        await refused(
          client.mergePatch(`${pods}/gated`, {
            metadata: { annotations: { [POWER_LIMIT_ANNOTATION]: "700" } },
          }),
          /Only the planner/,
        );
      });
    } finally {
      await client.delete(`/api/v1/namespaces/${name}`);
    }
  },
});

const GATED = ["/gate/wattkeeper-agent", "gate", "--", "python3"];

/** A pod that no scheduler places: it has a scheduling gate that nobody takes away. */
function pod(
  name: string,
  command: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, annotations },
    spec: {
      schedulingGates: [{ name: "wattkeeper.dev/never" }],
      containers: [{
        name: "main",
        image: "none",
        command,
        resources: { limits: { "nvidia.com/gpu": "1" } },
      }],
    },
  };
}
