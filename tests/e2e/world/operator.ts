/** Dynamo's operator, the scheduler and the kubelets: replicas of the adapters become pods with processes on GPUs. @module */

import type { ApiClient } from "../../../cluster/mod.ts";
import { ApiError } from "../../../cluster/mod.ts";
import type { GpuNode, Stage } from "../../kube/mod.ts";

/** Name of the deployment. */
export const DEPLOYMENT = "llm";
/** Components with GPUs. */
export const COMPONENTS = ["prefill", "decode"] as const;
export type Component = typeof COMPONENTS[number];

/** Time between two rounds. */
const ROUND_MS = 100;

interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly conditions?: readonly { type: string; status: string }[];
  };
}

/** Acts until it is disposed. */
export class Operator implements AsyncDisposable {
  readonly #stage: Stage;
  readonly #client: ApiClient;
  readonly #nodes: readonly GpuNode[];
  readonly #lost = new Set<string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #made = 0;
  #told = "";
  #pods: readonly PodObject[] = [];

  constructor(stage: Stage, nodes: readonly GpuNode[]) {
    this.#stage = stage;
    this.#client = stage.client;
    this.#nodes = nodes;
    this.#running = this.#run();
  }

  /** Pods as last listed, ending ones included. */
  get pods(): readonly PodObject[] {
    return this.#pods;
  }

  /** Pods of a component that are through the gate. */
  serving(component: Component): number {
    return this.#pods.filter((pod) =>
      componentOf(pod) === component && !isEnding(pod) && this.#serves(pod)
    ).length;
  }

  /** A node that is lost is neither scheduled to nor heard. */
  lose(node: string): void {
    this.#lost.add(node);
  }

  find(node: string): void {
    this.#lost.delete(node);
  }

  /** Replaces every pod of a component, one after another, as a rollout does: the new one is made first. */
  async surge(component: Component): Promise<void> {
    const old = this.#pods.filter((pod) => componentOf(pod) === component);
    for (const pod of old) {
      await this.#create(component);
      await this.#client.delete(this.#path(pod));
    }
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        // The API server is away, or somebody was faster: the next round sees.
        if (!(error instanceof ApiError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    }
  }

  async #round(): Promise<void> {
    this.#pods = await this.#list();
    for (const pod of this.#pods) await this.#care(pod);
    const wanted = await this.#wanted();
    for (const component of COMPONENTS) {
      const live = this.#pods.filter((pod) =>
        componentOf(pod) === component && !isEnding(pod)
      );
      const missing = wanted[component] - live.length;
      if (missing > 0) await this.#create(component);
      for (const pod of live.slice(0, Math.max(0, -missing))) {
        await this.#client.delete(this.#path(pod));
      }
    }
    await this.#tell(wanted);
  }

  /** The kubelet's part for one pod. */
  async #care(pod: PodObject): Promise<void> {
    const { name, uid } = pod.metadata;
    const node = this.#node(pod);
    if (node === undefined || this.#lost.has(node.name)) return;
    if (isEnding(pod)) {
      await node.remove(uid);
      await this.#client.delete(this.#path(pod), {
        uid,
        gracePeriodSeconds: 0,
      });
      return;
    }
    if (!node.pods.has(uid)) {
      const [gpu] = node.freeGpus;
      if (gpu === undefined) return;
      await node.admit({
        namespace: this.#stage.namespace,
        name,
        uid,
        gpus: [gpu],
      });
    }
    const ready = node.isServing(uid);
    const said = pod.status.conditions?.some(({ type, status }) =>
      type === "Ready" && status === "True"
    );
    if (ready !== (said ?? false)) {
      await this.#client.mergePatch(`${this.#path(pod)}/status`, {
        status: {
          phase: "Running",
          conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
        },
      });
    }
  }

  async #create(component: Component): Promise<void> {
    const node = this.#nodes.filter(({ name }) => !this.#lost.has(name))
      .map((one) => ({ one, free: this.#free(one) }))
      .filter(({ free }) => free > 0)
      .sort((a, b) => b.free - a.free)[0]?.one;
    if (node === undefined) return;
    const name = `${DEPLOYMENT}-${component}-${++this.#made}`;
    await this.#client.create(this.#stage.pods(), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        labels: {
          "nvidia.com/dynamo-graph-deployment-name": DEPLOYMENT,
          "nvidia.com/dynamo-component": component,
          "nvidia.com/dynamo-component-type": component,
        },
      },
      spec: {
        nodeName: node.name,
        terminationGracePeriodSeconds: 5,
        containers: [{
          name: "main",
          image: "worker",
          command: ["/gate/wattkeeper-agent", "gate", "--", "serve"],
          resources: { limits: { "nvidia.com/gpu": "1" } },
        }],
      },
    });
    this.#pods = await this.#list();
  }

  /** GPUs of a node that no pod object is bound to. */
  #free(node: GpuNode): number {
    const bound = this.#pods.filter(({ spec }) => spec.nodeName === node.name);
    return node.nvml.gpuCount - bound.length;
  }

  async #wanted(): Promise<Record<Component, number>> {
    const list = await this.#client.get(this.#stage.adapters()) as {
      items: {
        spec: { replicas: number; dgdRef: { componentName: string } };
      }[];
    };
    const of = (component: Component) =>
      list.items.find(({ spec }) => spec.dgdRef.componentName === component)
        ?.spec.replicas ?? 0;
    return { prefill: of("prefill"), decode: of("decode") };
  }

  /** The status of the graph: what is there of each component. */
  async #tell(wanted: Record<Component, number>): Promise<void> {
    const counts = Object.fromEntries(COMPONENTS.map((component) => {
      const live = this.#pods.filter((pod) =>
        componentOf(pod) === component && !isEnding(pod)
      );
      const serving = live.filter((pod) => this.#serves(pod)).length;
      return [component, {
        replicas: wanted[component],
        updatedReplicas: live.length,
        readyReplicas: serving,
        availableReplicas: serving,
      }];
    }));
    const told = JSON.stringify(counts);
    if (told === this.#told) return;
    await this.#stage.graphStatus(DEPLOYMENT, {
      conditions: [{ type: "Ready", status: "True" }],
      components: counts,
    });
    this.#told = told;
  }

  #serves(pod: PodObject): boolean {
    const node = this.#node(pod);
    return node !== undefined && !this.#lost.has(node.name) &&
      node.isServing(pod.metadata.uid);
  }

  #node(pod: PodObject): GpuNode | undefined {
    return this.#nodes.find(({ name }) => name === pod.spec.nodeName);
  }

  async #list(): Promise<readonly PodObject[]> {
    const list = await this.#client.get(this.#stage.pods()) as {
      items: PodObject[];
    };
    return list.items.filter((pod) => componentOf(pod) !== undefined);
  }

  #path(pod: PodObject): string {
    return `${this.#stage.pods()}/${pod.metadata.name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

function componentOf(pod: PodObject): string | undefined {
  return pod.metadata.labels?.["nvidia.com/dynamo-component"];
}

function isEnding(pod: PodObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}
