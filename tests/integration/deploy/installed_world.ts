/** A running installation, with the operator, kubelet and agents played: what `verify` and `uninstall` meet. @module */

import {
  encodeNodePowerReport,
  type EnforcementState,
  type NodePowerReport,
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../../cluster/mod.ts";
import { startCluster, type TestCluster, textAt } from "../../kube/mod.ts";
import { gatedPod } from "./access_world.ts";
import { filledDeploy, NAMESPACE } from "./filled_deploy.ts";
import { SURROUNDINGS_NAMESPACE } from "./surroundings.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
export const REPORTS = "/apis/wattkeeper.dev/v1alpha1/nodepowerreports";
const SYSTEM = "/api/v1/namespaces/wattkeeper-system";
const APPS = "/apis/apps/v1/namespaces/wattkeeper-system";
const NODES = ["node-a", "node-b"];

/** One GPU a node, one worker on each. */
export class InstalledWorld implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #sequences = new Map<string, number>();
  readonly uids = new Map<string, string>();
  kubeconfig = "";

  private constructor(
    readonly cluster: TestCluster,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  static async open(): Promise<InstalledWorld> {
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await startCluster());
    const deploy = stack.use(await filledDeploy());
    await cluster.applyFiles(SURROUNDINGS_NAMESPACE);
    await cluster.applyFiles(`${deploy.folder}/overlays/planner-owner`);
    const world = new InstalledWorld(cluster, stack.move());
    await world.#play();
    return world;
  }

  async #play(): Promise<void> {
    const { client } = this.cluster;
    this.kubeconfig = await this.cluster.kubeconfigFile(
      this.cluster.adminEndpoint,
    );
    for (const node of NODES) {
      await client.create("/api/v1/nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: node },
      });
      await client.mergePatch(`/api/v1/nodes/${node}/status`, {
        status: {
          capacity: { "nvidia.com/gpu": "1" },
          allocatable: { "nvidia.com/gpu": "1" },
        },
      });
      await this.#worker(node);
      await this.report(node, "enforced");
    }
    await this.agentsReady(2);
    await client.mergePatch(`${APPS}/deployments/wattkeeper-planner/status`, {
      status: { replicas: 2, readyReplicas: 2, availableReplicas: 2 },
    });
    await this.lease(new Date());
  }

  /** Agents that are ready, of two. */
  async agentsReady(ready: number): Promise<void> {
    await this.cluster.client.mergePatch(
      `${APPS}/daemonsets/wattkeeper-agent/status`,
      {
        status: {
          desiredNumberScheduled: 2,
          currentNumberScheduled: 2,
          numberMisscheduled: 0,
          numberReady: ready,
        },
      },
    );
  }

  /** The planner's Lease, renewed at an instant. */
  async lease(renewed: Date): Promise<void> {
    const name = "wattkeeper-planner-chat";
    await this.cluster.client.apply(
      `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${name}`,
      {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: {
          name,
          annotations: {
            "wattkeeper.dev/epoch": "5",
            "wattkeeper.dev/power-budget-watts": "9600",
          },
        },
        spec: {
          holderIdentity: "planner-1",
          leaseDurationSeconds: 15,
          renewTime: renewed.toISOString().replace("Z", "000Z"),
        },
      },
      { fieldManager: "planner", force: true },
    );
  }

  async #worker(node: string): Promise<void> {
    const name = `worker-${node}`;
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
    const pod = gatedPod(name, {});
    const made = await this.cluster.client.create(pods, {
      ...pod,
      spec: { ...pod.spec, nodeName: node },
    });
    const uid = textAt(made, "metadata", "uid");
    this.uids.set(node, uid);
    using planner = this.cluster.clientFor(
      await this.cluster.endpointFor({
        namespace: "wattkeeper-system",
        name: "wattkeeper-planner",
      }),
    );
    await planner.client.mergePatch(`${pods}/${name}`, {
      metadata: {
        annotations: {
          [POWER_GRANT_ANNOTATION]: `v1 ${uid} 5.3 300 300`,
          [POWER_LIMIT_ANNOTATION]: "300",
        },
      },
    });
  }

  /** Writes a node's report as its agent, with the agent's own token. */
  async report(
    node: string,
    state: EnforcementState,
    change: Partial<NodePowerReport> = {},
  ): Promise<void> {
    using agent = this.cluster.clientFor(
      await this.cluster.endpointFor({
        namespace: "wattkeeper-system",
        name: "wattkeeper-agent",
        boundTo: { pod: `agent-${node}`, node },
      }),
    );
    const { client } = agent;
    const sequence = (this.#sequences.get(node) ?? 0) + 1;
    this.#sequences.set(node, sequence);
    const object = encodeNodePowerReport(
      reportOf(node, this.uids.get(node) ?? "", state, { sequence, ...change }),
    );
    const stored = sequence === 1
      ? await client.create(REPORTS, object)
      : await client.get(`${REPORTS}/${node}`);
    await client.replace(`${REPORTS}/${node}/status`, {
      ...object,
      metadata: {
        name: node,
        resourceVersion: textAt(stored, "metadata", "resourceVersion"),
      },
    });
  }

  /** Which workers still carry annotations of ours. */
  async annotated(): Promise<string[]> {
    const list = await this.cluster.client.get(
      `/api/v1/namespaces/${NAMESPACE}/pods`,
    );
    const { items } = list as {
      readonly items: readonly {
        readonly metadata: {
          readonly name: string;
          readonly annotations?: Readonly<Record<string, string>>;
        };
      }[];
    };
    return items.filter(({ metadata }) =>
      Object.keys(metadata.annotations ?? {}).some((key) =>
        key.includes("power")
      )
    ).map(({ metadata }) => metadata.name);
  }

  /** Runs the program against this cluster. */
  async program(...args: string[]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        `${ROOT}main.ts`,
        ...args,
        "--kubeconfig",
        this.kubeconfig,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Replicas of the planner, and arguments of the agents. */
  async workloads(): Promise<{ replicas: unknown; agentArgs: string }> {
    const { client } = this.cluster;
    const planner = await client.get(`${APPS}/deployments/wattkeeper-planner`);
    const agents = await client.get(`${APPS}/daemonsets/wattkeeper-agent`);
    return {
      replicas: Reflect.get(
        Object(Reflect.get(Object(planner), "spec")),
        "replicas",
      ),
      agentArgs: JSON.stringify(Reflect.get(Object(agents), "spec")),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function reportOf(
  node: string,
  uid: string,
  state: EnforcementState,
  change: Partial<NodePowerReport>,
): NodePowerReport {
  const capped = state === "enforced";
  return {
    nodeName: node,
    observedAt: new Date(),
    agentVersion: "0.1.0",
    bootId: "5f4c2b1e-0000-4000-8000-000000000000",
    driverSession: "570.124.06",
    safeDefaultWatts: 490,
    sequence: 1,
    gpus: [{
      uuid: `GPU-${node}`,
      index: 0,
      model: "NVIDIA H200",
      minWatts: 200,
      maxWatts: 700,
      defaultWatts: 700,
      requestedWatts: capped ? 300 : undefined,
      effectiveWatts: capped ? 300 : 700,
      limitWatts: capped ? 300 : 700,
      appliedGeneration: capped ? { epoch: 5, sequence: 3 } : undefined,
      occupancy: "pod",
      gate: "open",
      persistenceMode: true,
      pod: { namespace: NAMESPACE, name: `worker-${node}`, uid },
      state,
      reason: "",
    }],
    ...change,
  };
}

/** Where pods of the installation are. */
export const SYSTEM_PODS = `${SYSTEM}/pods`;
