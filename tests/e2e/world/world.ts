/** A whole installation: API server, manifests, GPU nodes with agents, a deployment, traffic, and planners. @module */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import { ApiError } from "../../../cluster/mod.ts";
import { OWN_BUDGET_TRUST_MS } from "../../../planner/core/ledger/budget_in_force.ts";
import {
  FaultyLink,
  GpuNode,
  KUBE,
  KUSTOMIZE,
  Stage,
  startCluster,
  type TestCluster,
  until,
} from "../../kube/mod.ts";
import {
  filledDeploy,
  SETTINGS,
} from "../../integration/deploy/filled_deploy.ts";
import { PROMETHEUS } from "../../integration/prometheus/prometheus_server.ts";
import { HAS_CC } from "../../nvml_fake/fake.ts";
import { COMPONENTS, DEPLOYMENT, Operator } from "./operator.ts";
import { PlannerProcess } from "./planner_process.ts";
import { Sampler, type Samples } from "./sampler.ts";
import { Traffic } from "./traffic.ts";

/** Whether everything is here that a world is made of. */
export const COMPLETE = KUBE !== undefined && KUSTOMIZE !== undefined &&
  PROMETHEUS !== undefined && HAS_CC;

/** Namespace of the deployment. */
export const NAMESPACE = "prod";
const SYSTEM = "wattkeeper-system";
const CRDS = new URL("../../kube/crds", import.meta.url).pathname;
const MODEL = "qwen/qwen3-32b";

/** What a world begins with. */
export interface WorldOptions {
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly budgetWatts: number;
}

/** A line of the table. */
interface Row extends Samples {
  readonly scenario: string;
  /** At its start, and at its end where that is another. */
  readonly budgetWatts: string;
  readonly seconds: number;
}

/** Everything, running. */
export class World implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly stage: Stage;
  readonly nodes: readonly GpuNode[];
  readonly operator: Operator;
  readonly traffic: Traffic;
  /** Between the first planner and the API server. */
  readonly link: FaultyLink;
  /** For another planner. */
  readonly spareLink: FaultyLink;
  readonly #stack: AsyncDisposableStack;
  readonly #sampler: Sampler;
  readonly #plannerConfig: string;
  readonly #rows: Row[] = [];
  /** What the sampler judges by. */
  #budgetWatts: number;
  /** What the planner's file says. */
  #configWatts: number;
  /** When a larger budget in the file may count at the earliest. */
  #raiseAtMs = Infinity;
  #planner: PlannerProcess | undefined;

  private constructor(
    parts: {
      cluster: TestCluster;
      stage: Stage;
      nodes: readonly GpuNode[];
      operator: Operator;
      traffic: Traffic;
      link: FaultyLink;
      spareLink: FaultyLink;
      sampler: Sampler;
    },
    options: WorldOptions,
    stack: AsyncDisposableStack,
  ) {
    this.cluster = parts.cluster;
    this.stage = parts.stage;
    this.nodes = parts.nodes;
    this.operator = parts.operator;
    this.traffic = parts.traffic;
    this.link = parts.link;
    this.spareLink = parts.spareLink;
    this.#sampler = parts.sampler;
    this.#stack = stack;
    this.#budgetWatts = options.budgetWatts;
    this.#configWatts = options.budgetWatts;
    this.#plannerConfig = `${parts.cluster.folder}/planner.yaml`;
    this.#sampler.allow(options.budgetWatts);
  }

  /** Installs the manifests, starts nodes, agents and traffic; no planner yet. */
  static async open(options: WorldOptions): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await startCluster());
    const stage = await Stage.open(cluster.client, NAMESPACE);
    const traffic = stack.use(
      await Traffic.start({
        dynamo_namespace: `${NAMESPACE}-${DEPLOYMENT}`,
        model: MODEL,
      }),
    );
    const deploy = stack.use(
      await filledDeploy({
        ...SETTINGS,
        DEPLOYMENT_NAMESPACE: NAMESPACE,
        DGD_NAME: DEPLOYMENT,
      }),
    );
    await cluster.applyFiles(`${deploy.folder}/overlays/planner-owner`);
    await cluster.applyFiles(CRDS);
    const nodes = await Promise.all(
      Array.from({ length: options.nodes }, async (_, i) => {
        const node = stack.use(
          await makeNode(cluster, `gpu-${i + 1}`, options.gpusPerNode),
        );
        await node.startAgent();
        return node;
      }),
    );
    await deployWorkers(stage);
    const operator = stack.use(new Operator(stage, nodes));
    const { server } = cluster.adminEndpoint;
    const link = stack.use(new FaultyLink(server));
    const spareLink = stack.use(new FaultyLink(server));
    const sampler = stack.use(
      new Sampler(nodes.map(({ nvml }) => `${nvml.folder}/nvml_state.bin`)),
    );
    return new World(
      {
        ...{ cluster, stage, nodes, operator, traffic },
        ...{ link, spareLink, sampler },
      },
      options,
      stack.move(),
    );
  }

  get planner(): PlannerProcess {
    if (this.#planner === undefined) throw new Error("No planner runs.");
    return this.#planner;
  }

  get budgetWatts(): number {
    return this.#budgetWatts;
  }

  /** Starts a planner with the rights of its account. */
  async startPlanner(link: FaultyLink = this.link): Promise<PlannerProcess> {
    await this.#writeConfig();
    const endpoint = await this.cluster.endpointFor({
      namespace: SYSTEM,
      name: "wattkeeper-planner",
    });
    return await PlannerProcess.start({
      config: this.#plannerConfig,
      kubeconfig: await this.cluster.kubeconfigFile(
        link
          ? { ...endpoint, server: link.through(endpoint.server) }
          : endpoint,
      ),
    });
  }

  /** The planner that scenarios speak of; killed with the world. */
  async leadWith(planner: PlannerProcess): Promise<void> {
    this.#planner = this.#stack.use(planner);
    await this.untilMetric("leader", (value) => value === 1);
  }

  /** Waits until a metric of the planner is as wanted. */
  async untilMetric(
    series: string,
    holds: (value: number) => boolean,
    withinMs = 60_000,
  ): Promise<number> {
    let last: number | undefined;
    try {
      await until(`the planner's ${series} is as wanted`, async () => {
        last = await this.planner.metric(series);
        return last !== undefined && holds(last);
      }, withinMs);
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : error} It is ${last}.`,
      );
    }
    return last ?? NaN;
  }

  /** Waits until every target is served and nothing is under way. */
  async untilSettled(withinMs = 60_000): Promise<void> {
    await this.untilMetric(
      "transition_settled",
      (value) => value === 1,
      withinMs,
    );
    await until("the replicas serve", async () => {
      for (const component of COMPONENTS) {
        const target = await this.planner.metric(
          `target_replicas{side="${component}"}`,
        );
        if (this.operator.serving(component) !== target) return false;
      }
      return true;
    }, withinMs);
  }

  /**
   * Makes the budget in the planner's file smaller. It binds from the moment the planner calls itself compliant.
   *
   * @returns milliseconds until compliance
   */
  async cutBudget(watts: number): Promise<number> {
    const startMs = performance.now();
    await this.announceCut(watts);
    await this.untilMetric("power_budget_total_watts", (now) => now === watts);
    await this.untilMetric(
      "power_budget_in_force_watts",
      (now) => now === watts,
    );
    await this.untilMetric("power_compliant", (now) => now === 1);
    this.#sampler.allow(watts);
    return performance.now() - startMs;
  }

  /** Makes the budget in the planner's file smaller and goes on; what is above it stays allowed. */
  async announceCut(watts: number): Promise<void> {
    assert.ok(watts <= this.#configWatts);
    this.#budgetWatts = this.#configWatts = watts;
    await this.#writeConfig();
  }

  /** Makes the budget in the planner's file larger and goes on; the old one holds until {@linkcode untilRaised}. */
  async announceRaise(watts: number): Promise<void> {
    assert.ok(watts > this.#configWatts);
    this.#configWatts = watts;
    this.#raiseAtMs = performance.now() + OWN_BUDGET_TRUST_MS;
    await this.#writeConfig();
  }

  /**
   * Waits until the larger budget in the file counts: not before the file has been the same for two minutes, which the
   * sampler holds the planner to (C17).
   *
   * @returns milliseconds that it was late
   */
  async untilRaised(): Promise<number> {
    await until(
      "the file has been the same for long enough",
      () => performance.now() >= this.#raiseAtMs,
      OWN_BUDGET_TRUST_MS + 1_000,
    );
    this.#sampler.allow(this.#configWatts);
    this.#budgetWatts = this.#configWatts;
    await this.untilMetric(
      "power_budget_in_force_watts",
      (now) => now === this.#configWatts,
    );
    return performance.now() - this.#raiseAtMs;
  }

  /** Runs one scenario and holds what the sampler saw in it against the budget. */
  async scenario(name: string, run: () => Promise<void>): Promise<void> {
    await this.#sampler.take();
    const startMs = performance.now();
    const before = this.#budgetWatts;
    let failed = true;
    try {
      await run();
      failed = false;
    } finally {
      const row: Row = {
        scenario: name,
        budgetWatts: before === this.#budgetWatts
          ? `${before}`
          : `${before} → ${this.#budgetWatts}`,
        seconds: (performance.now() - startMs) / 1000,
        ...await this.#sampler.take(),
      };
      this.#rows.push(row);
      if (failed) console.log(await this.#story());
      else {
        assert.equal(
          row.violations,
          0,
          `R41: ${row.violations} samples above the budget, by up to ${row.worstExcessWatts} W`,
        );
        assert.ok(row.samples > 10, `only ${row.samples} samples`);
      }
    }
  }

  /** Annotations of a pod. */
  async annotations(pod: string): Promise<Readonly<Record<string, string>>> {
    const object = await this.stage.client.get(`${this.stage.pods()}/${pod}`);
    const { metadata } = object as {
      metadata: { annotations?: Record<string, string> };
    };
    return metadata.annotations ?? {};
  }

  /** Does what an admission policy forbids while the policy is not bound. */
  async withoutPolicy(
    name: string,
    work: () => Promise<unknown>,
  ): Promise<void> {
    const path =
      `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${name}`;
    const { client } = this.cluster;
    const bound = await client.get(path) as {
      metadata: Record<string, unknown>;
    };
    await client.delete(path);
    try {
      await until(`the policy ${name} is not bound`, async () => {
        try {
          await work();
          return true;
        } catch (error) {
          if (error instanceof ApiError && error.kind === "forbidden") {
            return false;
          }
          throw error;
        }
      });
    } finally {
      const { name, labels } = bound.metadata;
      await client.create(path.slice(0, path.lastIndexOf("/")), {
        ...bound,
        metadata: { name, labels },
      });
    }
  }

  /** The table of all scenarios. */
  table(): string {
    const head = [
      ...["scenario", "seconds", "samples", "longest gap ms"],
      ...["largest sum W", "budget W", "violations"],
    ];
    const rows = this.#rows.map((row) => [
      row.scenario,
      row.seconds.toFixed(1),
      `${row.samples}`,
      row.longestGapMs.toFixed(0),
      row.largestWatts.toFixed(0),
      row.budgetWatts,
      `${row.violations}`,
    ]);
    const width = (i: number) =>
      Math.max(...[head, ...rows].map((cells) => cells[i]?.length ?? 0));
    return [head, ...rows].map((cells) =>
      cells.map((cell, i) =>
        i === 0 ? cell.padEnd(width(i)) : cell.padStart(width(i))
      ).join("  ")
    ).join("\n");
  }

  /** What a person would look at after a failure. */
  async #story(): Promise<string> {
    const lines = this.planner.log.trimEnd().split("\n").slice(-30).map(
      (line) => {
        const { "@timestamp": at, message } = JSON.parse(line);
        return `${at} ${message}`;
      },
    );
    const pods = this.operator.pods.map(({ metadata, spec }) =>
      [
        metadata.name,
        spec.nodeName,
        metadata.deletionTimestamp ? "ending" : "live",
        this.nodes.some((node) => node.isServing(metadata.uid)),
        JSON.stringify(metadata.annotations),
      ].join(" ")
    );
    const state = await this.planner.state().catch(String);
    return [...lines, ...pods, JSON.stringify(state)].join("\n");
  }

  async #writeConfig(): Promise<void> {
    // Replaced whole: the planner must never see half a file.
    const next = `${this.#plannerConfig}.new`;
    await Deno.writeTextFile(next, stringify(this.#config()));
    await Deno.rename(next, this.#plannerConfig);
  }

  #config(): Record<string, unknown> {
    return {
      mode: "disagg",
      environment: "kubernetes",
      namespace: NAMESPACE,
      dgd_name: DEPLOYMENT,
      served_model_name: MODEL,
      ttft_ms: 2000,
      itl_ms: 40,
      max_gpu_budget: this.nodes.reduce((n, { nvml }) => n + nvml.gpuCount, 0),
      throughput_adjustment_interval_seconds: 3,
      load_predictor: "constant",
      traffic_source: "prometheus",
      prometheus_url: this.traffic.url,
      enable_power_awareness: true,
      total_gpu_power_limit: this.#configWatts,
      power_agent_safe_default_watts: 490,
      start_mode: "gate",
      enable_aic_optimizer: true,
      aic_reoptimize_interval: 3,
      aic_interpolation: {
        system: "h200_sxm",
        backend: "vllm",
        hf_id: "Qwen/Qwen3-32B",
        isl: 3000,
        osl: 150,
        prefill_pick: { tp: 1 },
        decode_pick: { tp: 1 },
      },
      control_api_port: 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function makeNode(
  cluster: TestCluster,
  name: string,
  gpus: number,
): Promise<GpuNode> {
  await cluster.client.create("/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
  });
  await cluster.client.mergePatch(`/api/v1/nodes/${name}/status`, {
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });
  const endpoint = await cluster.endpointFor({
    namespace: SYSTEM,
    name: "wattkeeper-agent",
    boundTo: { pod: `agent-${name}`, node: name },
  });
  return await GpuNode.create({
    name,
    gpus,
    safeDefaultWatts: 490,
    kubeconfig: await cluster.kubeconfigFile(endpoint),
  });
}

/** The deployment, one replica of each component, and its adapters. */
async function deployWorkers(stage: Stage): Promise<void> {
  await stage.graph(DEPLOYMENT, {
    components: COMPONENTS.map((name) => ({
      name,
      type: name,
      replicas: 1,
      scalingAdapter: {},
      podTemplate: {
        spec: {
          containers: [{
            name: "main",
            image: "worker",
            resources: { limits: { "nvidia.com/gpu": "1" } },
          }],
        },
      },
    })),
  });
  for (const component of COMPONENTS) {
    await stage.adapter(DEPLOYMENT, component, 1);
  }
}
