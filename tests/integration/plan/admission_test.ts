/** The real `plan` process tells the frontends that it finds in a cluster how full they may become (R18). @module */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import { PlannerProcess } from "../../e2e/world/planner_process.ts";
import { Traffic } from "../../e2e/world/traffic.ts";
import { KUBE, Stage, startCluster, until } from "../../kube/mod.ts";
import { Frontend } from "../admission/frontend.ts";
import { AgentsRole } from "../fleets/kubernetes/agents_role.ts";
import { CRD_FOLDERS } from "../fleets/kubernetes/crds.ts";
import { disaggregated } from "../fleets/kubernetes/rig.ts";
import { PROMETHEUS } from "../prometheus/prometheus_server.ts";

const MODEL = "qwen/qwen3-32b";

function config(prometheus: string, advisory: boolean) {
  return {
    advisory,
    mode: "disagg",
    environment: "kubernetes",
    namespace: "prod",
    dgd_name: "llm",
    served_model_name: MODEL,
    dynamo_namespace: "prod-llm",
    traffic_source: "prometheus",
    prometheus_url: prometheus,
    ttft_ms: 2000,
    itl_ms: 40,
    max_gpu_budget: 2,
    throughput_adjustment_interval_seconds: 3,
    load_predictor: "constant",
    enable_power_awareness: true,
    total_gpu_power_limit: 1400,
    power_agent_safe_default_watts: 490,
    enable_aic_optimizer: true,
    aic_interpolation: {
      system: "h200_sxm",
      backend: "vllm",
      hf_id: "Qwen/Qwen3-32B",
      isl: 3000,
      osl: 150,
      prefill_pick: { tp: 1 },
      decode_pick: { tp: 1 },
    },
    admission_mode: "autoset",
    control_api_port: 0,
  };
}

Deno.test({
  name: "admission of the frontends in a cluster",
  ignore: KUBE === undefined || PROMETHEUS === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  const stage = await Stage.open(cluster.client, "prod");
  await disaggregated(stage);
  await using frontend = new Frontend("frontend-0");
  await stage.worker("llm", "Frontend", {
    name: "frontend-0",
    type: "frontend",
    node: "n3",
    gpus: 0,
    podIP: frontend.pod.ip ?? "",
    ports: frontend.pod.ports,
  });
  await using traffic = await Traffic.start({
    dynamo_namespace: "prod-llm",
    model: MODEL,
  });
  const kubeconfig = await cluster.kubeconfigFile(cluster.adminEndpoint);
  const start = async (advisory: boolean) => {
    const path = `${cluster.folder}/planner-${advisory}.yaml`;
    await Deno.writeTextFile(path, stringify(config(traffic.url, advisory)));
    return await PlannerProcess.start({ config: path, kubeconfig });
  };
  const stop = new AbortController();
  const running = new AgentsRole(cluster, stage).run(stop.signal);
  try {
    await t.step(
      "advisory: what would be posted is a metric, and nothing is posted",
      async () => {
        await using planner = await start(true);
        await until(
          "thresholds are set",
          async () =>
            (await planner.metric("admission_set_theta_decode") ?? 0) > 0,
          60_000,
        );
        await until(
          "it has looked since",
          async () => (await planner.metric("decisions_total") ?? 0) >= 2,
        );
        assert.deepEqual(frontend.posts, []);
      },
    );

    await t.step(
      "a leader posts them to the pod's address, once the configuration is applied",
      async () => {
        await using planner = await start(false);
        await until(
          "the frontend is told",
          () => frontend.posts.length > 0,
          90_000,
        );
        const [{ path, body }] = frontend.posts as [
          { path: string; body: Record<string, unknown> },
        ];
        assert.equal(path, "POST /busy_threshold");
        assert.equal(body["model"], MODEL);
        for (
          const [field, metric] of [
            ["active_decode_blocks_threshold", "admission_set_theta_decode"],
            [
              "active_prefill_tokens_threshold_frac",
              "admission_set_theta_prefill_frac",
            ],
          ] as const
        ) {
          const value = Number(body[field]);
          assert.ok(value > 0 && value <= 1, `${field}: ${value}`);
          assert.ok((await planner.metric(metric) ?? 0) > 0, metric);
        }
        await until(
          "the post is counted",
          async () =>
            (await planner.metric('admission_posts_total{outcome="set"}') ??
              0) > 0,
        );
      },
    );
  } finally {
    stop.abort();
    await running;
  }
});
