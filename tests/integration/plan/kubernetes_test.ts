/** The real `plan` process over a real API server: takes the Lease, grants, scales, tells, and lets go (R25–R29). @module */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import { KUBE, Stage, startCluster, until } from "../../kube/mod.ts";
import { AgentsRole } from "../fleets/kubernetes/agents_role.ts";
import { CRD_FOLDERS } from "../fleets/kubernetes/crds.ts";
import { disaggregated } from "../fleets/kubernetes/rig.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const LIMIT = "dynamo.nvidia.com/gpu-power-limit";

/** A planner with fixed caps of one GPU a side. */
function config(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    mode: "disagg",
    environment: "kubernetes",
    namespace: "prod",
    dgd_name: "llm",
    served_model_name: "m",
    dynamo_namespace: "prod-llm",
    // Nobody answers there: the targets are the floors.
    prometheus_url: "http://127.0.0.1:1",
    ttft_ms: 2000,
    itl_ms: 40,
    min_endpoint: 1,
    max_gpu_budget: 8,
    prefill_engine_num_gpu: 1,
    decode_engine_num_gpu: 1,
    throughput_adjustment_interval_seconds: 5,
    load_predictor: "constant",
    enable_power_awareness: true,
    total_gpu_power_limit: 1000,
    power_agent_safe_default_watts: 490,
    prefill_engine_gpu_power_limit: 450,
    decode_engine_gpu_power_limit: 350,
    aic_interpolation: {
      system: "h200_sxm",
      backend: "vllm",
      hf_id: "Qwen/Qwen3-32B",
      isl: 3000,
      osl: 150,
      prefill_pick: { tp: 1 },
      decode_pick: { tp: 1 },
    },
    ...change,
  };
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

class Planner implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #log: Promise<string>;
  readonly port: number;

  constructor(path: string, kubeconfig: string, flags: readonly string[]) {
    this.port = freePort();
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        MAIN,
        "plan",
        "--config",
        path,
        "--kubeconfig",
        kubeconfig,
        ...flags.includes("--once")
          ? []
          : ["--listen", `127.0.0.1:${this.port}`],
        ...flags,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { XDG_DATA_HOME: path.replace(/[^/]*$/, "data") },
    }).spawn();
    this.#log = new Response(this.#child.stderr).text();
  }

  /** What a path of its server answers; undefined while nobody listens. */
  async get(path: string): Promise<string | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
      return `${response.status} ${await response.text()}`;
    } catch {
      return undefined;
    }
  }

  async end(
    signal?: "SIGTERM",
  ): Promise<{ code: number; out: string; log: string }> {
    if (signal) this.#child.kill(signal);
    const out = await new Response(this.#child.stdout).text();
    const { code } = await this.#child.status;
    return { code, out, log: await this.#log };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#child.stdout.cancel().catch(() => {});
    await this.#log;
  }
}

Deno.test({
  name: "plan over a real API server",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  const { client } = cluster;
  const stage = await Stage.open(client, "prod");
  await disaggregated(stage);
  const kubeconfig = await cluster.kubeconfigFile(cluster.adminEndpoint);
  const write = async (name: string, change: Record<string, unknown> = {}) => {
    const path = `${cluster.folder}/${name}.yaml`;
    await Deno.writeTextFile(path, stringify(config(change)));
    return path;
  };
  const pods = async () => {
    const { items } = await client.get(stage.pods()) as {
      items: {
        metadata: { name: string; annotations?: Record<string, string> };
      }[];
    };
    return Object.fromEntries(
      items.map(({ metadata }) => [metadata.name, metadata.annotations ?? {}]),
    );
  };
  const lease = async () => {
    try {
      return await client.get(`${stage.leases()}/wattkeeper-planner-llm`) as {
        spec: { holderIdentity?: string };
        metadata: { annotations?: Record<string, string> };
      };
    } catch {
      return undefined;
    }
  };

  const stop = new AbortController();
  const agents = new AgentsRole(cluster, stage);
  const running = agents.run(stop.signal);
  try {
    await t.step(
      "advisory watches, lists what it would write, and writes nothing",
      async () => {
        const planner = new Planner(await write("advisory"), kubeconfig, [
          "--advisory",
          "--once",
          "--output",
          "json",
        ]);
        await using _planner = planner;
        const { out, log } = await planner.end();
        const record = JSON.parse(out || `{"log": ${JSON.stringify(log)}}`);
        assert(
          record.transition.steps.some((step: { kind: string }) =>
            step.kind === "patch"
          ),
          log,
        );
        assert.equal(await lease(), undefined);
        assert.deepEqual(await pods(), { "prefill-0": {}, "decode-0": {} });
      },
    );

    await using planner = new Planner(await write("planner"), kubeconfig, []);

    await t.step("the leader grants both pods within the budget", async () => {
      await until("both pods have their caps", async () => {
        const found = await pods();
        return found["prefill-0"]?.[LIMIT] === "450" &&
          found["decode-0"]?.[LIMIT] === "350";
      }, 90_000);
      const found = await lease();
      assert.equal(
        found?.metadata.annotations?.["wattkeeper.dev/power-budget-watts"],
        "1000",
      );
      assert(agents.peakWatts <= 1000);
      await until(
        "it is ready and says that it leads",
        async () =>
          /^200 ok\nleader\n/.test(await planner.get("/readyz") ?? ""),
      );
      const metrics = await planner.get("/metrics") ?? "";
      assert.match(
        metrics,
        /kubernetes_watch_age_seconds\{[^}]*resource="pods"/,
      );
      assert.match(metrics, /dynamo_planner_leader\{[^}]*\} 1/);
    });

    await t.step(
      "a second one is a ready standby, and writes nothing",
      async () => {
        await using standby = new Planner(
          await write("standby", { prefill_engine_gpu_power_limit: 300 }),
          kubeconfig,
          [],
        );
        await until(
          "it is ready and says that it waits",
          async () =>
            /^200 ok\nstandby\n/.test(await standby.get("/readyz") ?? ""),
          90_000,
        );
        assert.equal((await pods())["prefill-0"]?.[LIMIT], "450");
      },
    );

    await t.step(
      "paused on the DGD: decisions go on, writes stop",
      async () => {
        await client.mergePatch(`${stage.graphs()}/llm`, {
          metadata: { annotations: { "wattkeeper.dev/paused": "true" } },
        });
        await until(
          "it says that it is paused",
          async () =>
            (await planner.get("/api/v1/state"))?.includes(
              '"withheld":"paused"',
            ),
        );
        // A cap that a stranger takes away now stays away.
        await client.mergePatch(`${stage.pods()}/decode-0`, {
          metadata: { annotations: { [LIMIT]: null } },
        });
        await until(
          "it lists what it would write",
          async () =>
            /"steps_total":[1-9]/.test(
              await planner.get("/api/v1/state") ?? "",
            ),
        );
        assert.equal((await pods())["decode-0"]?.[LIMIT], undefined);
        await client.mergePatch(`${stage.graphs()}/llm`, {
          metadata: { annotations: { "wattkeeper.dev/paused": null } },
        });
        await until(
          "the cap is back",
          async () => (await pods())["decode-0"]?.[LIMIT] === "350",
        );
      },
    );

    await t.step("SIGTERM ends it with 0, and the Lease is free", async () => {
      const { code, log } = await planner.end("SIGTERM");
      assert.equal(code, 0, log);
      assert.equal((await lease())?.spec.holderIdentity ?? "", "");
    });
  } finally {
    stop.abort();
    await running;
  }
});
