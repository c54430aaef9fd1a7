/** An installed system with workers, and one voice for each account: who may what is asked of the API server itself. @module */

import {
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../../cluster/mod.ts";
import {
  startCluster,
  type TestCluster,
  textAt,
  until,
} from "../../kube/mod.ts";
import { filledDeploy, NAMESPACE } from "./filled_deploy.ts";
import { CRDS, SURROUNDINGS } from "./surroundings.ts";
import { RawApi, type RawRequest } from "./raw_api.ts";

/** Who speaks. */
export const ACCOUNTS = [
  "planner",
  "agent of node-a",
  "agent without a node",
  "stranger",
  "operator",
  "administrator",
] as const;
export type Account = typeof ACCOUNTS[number];

const SYSTEM = "wattkeeper-system";
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** The world: overlay `prearm`, which has every role and policy, and a namespace that asks for the gate. */
export class AccessWorld implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #voices: ReadonlyMap<Account, RawApi>;

  private constructor(
    readonly cluster: TestCluster,
    voices: ReadonlyMap<Account, RawApi>,
    stack: AsyncDisposableStack,
  ) {
    this.#voices = voices;
    this.#stack = stack;
  }

  static async open(overlay: string): Promise<AccessWorld> {
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await startCluster());
    const deploy = stack.use(await filledDeploy());
    await cluster.applyFiles(`${CRDS.join("\n---\n")}\n`);
    await cluster.applyFiles(SURROUNDINGS);
    await cluster.applyFiles(`${deploy.folder}/overlays/${overlay}`);
    const account = (name: string, namespace = SYSTEM) =>
      cluster.endpointFor({ namespace, name });
    const endpoints = {
      planner: await account("wattkeeper-planner"),
      "agent of node-a": await cluster.endpointFor({
        namespace: SYSTEM,
        name: "wattkeeper-agent",
        boundTo: { pod: "agent-a", node: "node-a" },
      }),
      "agent without a node": await account("wattkeeper-agent"),
      stranger: await account("stranger", NAMESPACE),
      operator: await account("operator", NAMESPACE),
      administrator: cluster.adminEndpoint,
    };
    const voices = new Map(
      ACCOUNTS.map((name) => [name, stack.use(new RawApi(endpoints[name]))]),
    );
    return new AccessWorld(cluster, voices, stack.move());
  }

  /** Speaks as `account`. */
  as(account: Account): RawApi {
    return this.#voices.get(account)!;
  }

  /** A pod of the namespace, made by the administrator. @returns its UID */
  async pod(
    name: string,
    annotations: Record<string, string> = {},
  ): Promise<string> {
    const made = await this.cluster.client.create(
      PODS,
      gatedPod(name, annotations),
    );
    return textAt(made, "metadata", "uid");
  }

  /** The version of an object, read by the administrator. */
  async version(path: string): Promise<string> {
    return textAt(
      await this.cluster.client.get(path),
      "metadata",
      "resourceVersion",
    );
  }

  /** Policies take effect when the server has read them: some are refused late, so the first refusal is waited for. */
  async policiesInForce(): Promise<void> {
    const probes: RawRequest[] = [
      create(gatedPod("probe-grant", { [POWER_GRANT_ANNOTATION]: "v1" })),
      create(plainPod("probe-gate")),
    ];
    for (const probe of probes) {
      await until("a policy refuses", async () => {
        const { status } = await this.as("administrator").send(probe);
        return status === 422 || status === 403;
      });
    }
    await this.pod("probe");
    await until("the policy of grants refuses", async () => {
      const { status } = await this.as("administrator").send(
        annotate("probe", { [POWER_LIMIT_ANNOTATION]: "1" }),
      );
      return status === 422 || status === 403;
    });
    await until("the policy of reports refuses", async () => {
      const { status } = await this.as("agent without a node").send(
        report("POST", "node-probe"),
      );
      return status === 422 || status === 403;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** A merge patch of annotations; null takes one away. */
export function annotate(
  pod: string,
  annotations: Record<string, string | null>,
): RawRequest {
  return patch(pod, { metadata: { annotations } });
}

/** A merge patch of a pod, or of one of its subresources. */
export function patch(
  pod: string,
  body: unknown,
  subresource = "",
): RawRequest {
  return {
    method: "PATCH",
    path: `${PODS}/${pod}${subresource}`,
    contentType: "application/merge-patch+json",
    body,
  };
}

export function create(pod: unknown): RawRequest {
  return { method: "POST", path: PODS, body: pod };
}

/** A write of a report: the object, or with PUT its status as the sink writes it. */
export function report(
  method: "POST" | "PUT" | "DELETE",
  node: string,
  resourceVersion = "",
): RawRequest {
  const reports = "/apis/wattkeeper.dev/v1alpha1/nodepowerreports";
  const object = {
    apiVersion: "wattkeeper.dev/v1alpha1",
    kind: "NodePowerReport",
    metadata: { name: node },
  };
  if (method === "POST") return { method, path: reports, body: object };
  if (method === "DELETE") return { method, path: `${reports}/${node}` };
  return {
    method,
    path: `${reports}/${node}/status`,
    body: {
      ...object,
      metadata: { name: node, resourceVersion },
      status: STATUS,
    },
  };
}

const STATUS = {
  observedAt: "2026-11-27T00:00:00Z",
  agentVersion: "0.1.0",
  bootId: "5f4c2b1e-0000-4000-8000-000000000000",
  driverSession: "1",
  safeDefaultWatts: 490,
  sequence: 1,
  gpus: [],
};

const GPUS = { limits: { "nvidia.com/gpu": "1" } };

/** A worker that starts through the gate. */
export function gatedPod(name: string, annotations: Record<string, string>) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "worker" }, annotations },
    spec: {
      containers: [{
        name: "main",
        image: "vllm:1",
        command: ["/gate/wattkeeper-agent", "gate", "--", "python3"],
        args: ["-m", "dynamo.vllm"],
        resources: GPUS,
      }],
    },
  };
}

/** A worker that starts at once. */
export function plainPod(name: string, labels: Record<string, string> = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      containers: [{
        name: "main",
        image: "vllm:1",
        command: ["python3"],
        resources: GPUS,
      }],
    },
  };
}
