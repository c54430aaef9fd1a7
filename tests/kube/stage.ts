/** The part of operator, scheduler and kubelet in one namespace: the test says what they have done. @module */

import {
  type ApiClient,
  encodeNodePowerReport,
  type NodePowerReport,
  REPORT_API_VERSION,
  REPORT_RESOURCE,
} from "../../cluster/mod.ts";
import { ensure, textAt } from "./service_account.ts";

/** Version of a DGD that an operator serves. */
export type DgdVersion = "v1beta1" | "v1alpha1";

/** A pod as it is made. */
export interface StagePod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly gpus?: number;
  /** Whole resources instead of {@linkcode StagePod.gpus}. */
  readonly resources?: Readonly<Record<string, string>>;
  /** Its command goes through the gate; the usual case. */
  readonly gated?: boolean;
  readonly phase?: string;
  readonly podIP?: string;
  readonly ports?: readonly unknown[];
  readonly annotations?: Readonly<Record<string, string>>;
}

const DYNAMO = "/apis/nvidia.com";

/** One namespace. */
export class Stage {
  readonly client: ApiClient;
  readonly namespace: string;

  private constructor(client: ApiClient, namespace: string) {
    this.client = client;
    this.namespace = namespace;
  }

  /** Makes the namespace. */
  static async open(client: ApiClient, namespace: string): Promise<Stage> {
    await ensure(client, "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace },
    });
    return new Stage(client, namespace);
  }

  /** Makes a DGD. @returns it as stored */
  async graph(
    name: string,
    spec: unknown,
    {
      version = "v1beta1",
      metadata = {},
    }: {
      readonly version?: DgdVersion;
      readonly metadata?: Record<string, unknown>;
    } = {},
  ): Promise<unknown> {
    return await this.client.create(this.graphs(version), {
      apiVersion: `nvidia.com/${version}`,
      kind: "DynamoGraphDeployment",
      metadata: { name, ...metadata },
      spec,
    });
  }

  /** What the operator says about a DGD's newest generation. */
  async graphStatus(
    name: string,
    status: Record<string, unknown>,
    version: DgdVersion = "v1beta1",
  ): Promise<void> {
    const path = `${this.graphs(version)}/${name}`;
    const { metadata } = await this.client.get(path) as {
      metadata: { generation: number };
    };
    await this.client.mergePatch(`${path}/status`, {
      status: {
        state: "successful",
        observedGeneration: metadata.generation,
        ...status,
      },
    });
  }

  /** The operator's adapter of a component. */
  async adapter(
    deployment: string,
    component: string,
    replicas: number,
    change: { readonly metadata?: Record<string, unknown> } = {},
  ): Promise<unknown> {
    const graph = await this.client.get(
      `${this.graphs("v1beta1")}/${deployment}`,
    );
    return await this.client.create(this.adapters(), {
      apiVersion: "nvidia.com/v1beta1",
      kind: "DynamoGraphDeploymentScalingAdapter",
      metadata: {
        name: `${deployment}-${component.toLowerCase()}`,
        ownerReferences: [{
          apiVersion: "nvidia.com/v1beta1",
          kind: "DynamoGraphDeployment",
          name: deployment,
          uid: textAt(graph, "metadata", "uid"),
          controller: true,
        }],
        ...change.metadata,
      },
      spec: {
        replicas,
        dgdRef: { name: deployment, componentName: component },
      },
    });
  }

  /** A pod of a DGD's component. */
  worker(
    deployment: string,
    component: string,
    pod: Omit<StagePod, "labels"> & {
      readonly type?: string;
      readonly labels?: Readonly<Record<string, string>>;
    },
  ): Promise<unknown> {
    return this.pod({
      ...pod,
      labels: {
        "nvidia.com/dynamo-graph-deployment-name": deployment,
        "nvidia.com/dynamo-component": component,
        "nvidia.com/dynamo-component-type": pod.type ?? component,
        ...pod.labels,
      },
    });
  }

  /** Any pod. */
  async pod(pod: StagePod): Promise<unknown> {
    const { name, labels, node, gpus = 1, gated = true } = pod;
    await this.client.create(this.pods(), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        labels,
        ...(pod.annotations ? { annotations: pod.annotations } : {}),
      },
      spec: {
        ...(node === undefined ? {} : { nodeName: node }),
        terminationGracePeriodSeconds: 0,
        containers: [{
          name: "main",
          image: "worker",
          command: gated
            ? ["/wattkeeper/wattkeeper", "gate", "--", "serve"]
            : ["serve"],
          ...(pod.ports ? { ports: pod.ports } : {}),
          resources: {
            limits: pod.resources ??
              (gpus > 0 ? { "nvidia.com/gpu": `${gpus}` } : {}),
          },
        }],
      },
    });
    return await this.client.mergePatch(`${this.pods()}/${name}/status`, {
      status: {
        phase: pod.phase ?? "Running",
        ...(pod.podIP === undefined
          ? {}
          : { podIP: pod.podIP, podIPs: [{ ip: pod.podIP }] }),
      },
    });
  }

  /** An agent's report. */
  async report(report: NodePowerReport): Promise<void> {
    const folder = `/apis/${REPORT_API_VERSION}/${REPORT_RESOURCE}`;
    const object = encodeNodePowerReport(report);
    await ensure(this.client, folder, object);
    await this.client.mergePatch(`${folder}/${report.nodeName}/status`, {
      status: object.status,
    });
  }

  /** The UID of a pod. */
  async podUid(name: string): Promise<string> {
    return textAt(
      await this.client.get(`${this.pods()}/${name}`),
      "metadata",
      "uid",
    );
  }

  pods(): string {
    return `/api/v1/namespaces/${this.namespace}/pods`;
  }

  graphs(version: DgdVersion = "v1beta1"): string {
    return `${DYNAMO}/${version}/namespaces/${this.namespace}/dynamographdeployments`;
  }

  adapters(): string {
    return `${DYNAMO}/v1beta1/namespaces/${this.namespace}/dynamographdeploymentscalingadapters`;
  }

  apps(resource: "deployments" | "statefulsets"): string {
    return `/apis/apps/v1/namespaces/${this.namespace}/${resource}`;
  }

  leases(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.namespace}/leases`;
  }
}
