/** The Kubernetes fleet over a real API server, with hands on the other side. @module */

import { realClock } from "../../../../cluster/mod.ts";
import {
  type KubernetesFleet,
  type KubernetesFleetOptions,
  openKubernetesFleet,
} from "../../../../planner/fleets/mod.ts";
import { Stage, type TestCluster, textAt, until } from "../../../kube/mod.ts";
import type { Rig } from "../../../unit/planner/fleets/rigs.ts";

/** The machine's clocks. */
export const CLOCK = { ...realClock, wallMs: () => Date.now() };

/** A pod template with one GPU. */
export function podTemplate(
  gpus: number,
  change: {
    readonly annotations?: Record<string, string>;
    readonly args?: readonly string[];
    readonly spec?: Record<string, unknown>;
  } = {},
): unknown {
  return {
    metadata: { annotations: change.annotations ?? {} },
    spec: {
      containers: [{
        name: "main",
        image: "worker",
        args: change.args ?? [],
        resources: { limits: { "nvidia.com/gpu": `${gpus}` } },
      }],
      ...change.spec,
    },
  };
}

/** A disaggregated DGD of v1beta1: one prefill and one decode replica with a GPU each. */
export const DISAGG = {
  components: [
    { name: "Frontend", type: "frontend", replicas: 1 },
    {
      name: "prefill",
      type: "prefill",
      replicas: 1,
      podTemplate: podTemplate(1),
    },
    {
      name: "decode",
      type: "decode",
      replicas: 1,
      podTemplate: podTemplate(1),
    },
  ],
};

/** Counts of a component that serves `replicas` in full. */
export function settledAt(replicas: number): Record<string, number> {
  return {
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
  };
}

/** Opens a fleet as the administrator. */
export function openFleet(
  cluster: TestCluster,
  change: Partial<KubernetesFleetOptions> & { readonly namespace: string },
): Promise<KubernetesFleet> {
  return openKubernetesFleet({
    loadEndpoint: () => Promise.resolve(cluster.adminEndpoint),
    clock: CLOCK,
    random: Math.random,
    deployment: "llm",
    sides: ["prefill", "decode"],
    servedModelName: "m",
    configuredGpus: {},
    power: true,
    ownsCaps: true,
    readOnly: false,
    holder: `test_${crypto.randomUUID()}`,
    ...change,
  }, AbortSignal.timeout(60_000));
}

/** Waits until the fleet leads and has listed since. */
export async function untilLeading(fleet: KubernetesFleet): Promise<void> {
  await until("the fleet leads and has listed", async () => {
    const snapshot = await fleet.snapshot(new AbortController().signal);
    return snapshot.consistent && snapshot.lease?.heldByUs;
  });
}

/** A DGD `llm` with one pod of each side, both bound to a node. */
export async function disaggregated(
  stage: Stage,
  { nodes: [first, second] = ["n1", "n2"] }: {
    readonly nodes?: readonly [string, string];
  } = {},
): Promise<void> {
  await stage.graph("llm", DISAGG);
  await stage.graphStatus("llm", {
    components: { prefill: settledAt(1), decode: settledAt(1) },
  });
  await stage.worker("llm", "prefill", { name: "prefill-0", node: first });
  await stage.worker("llm", "decode", { name: "decode-0", node: second });
}

/** A rig for the suite that every fleet must pass. */
export async function kubernetesRig(
  cluster: TestCluster,
  namespace: string,
): Promise<Rig> {
  const { client } = cluster;
  const stage = await Stage.open(client, namespace);
  await disaggregated(stage);
  const fleet = await openFleet(cluster, { namespace });
  await untilLeading(fleet);
  const pods = async () => {
    const list = await client.get(stage.pods()) as {
      items: { metadata: PodMetadata }[];
    };
    return list.items.map(({ metadata }) => metadata);
  };
  const pathOf = async (uid: string) => {
    const found = (await pods()).find((one) => one.uid === uid);
    return found && `${stage.pods()}/${found.name}`;
  };
  return {
    fleet,
    catchUp: async () => {
      await until("the fleet has seen everything", async () => {
        const snapshot = await fleet.snapshot(new AbortController().signal);
        const found = await pods();
        const graph = await client.get(`${stage.graphs()}/llm`);
        const version = textAt(graph, "metadata", "resourceVersion");
        return snapshot.sides.decode?.resourceVersion === version &&
          snapshot.pods.length === found.length &&
          found.every(({ uid, resourceVersion }) =>
            snapshot.pods.some(({ pod }) =>
              pod.uid === uid && pod.resourceVersion === resourceVersion
            )
          );
      });
    },
    touch: async (uid) => {
      await client.mergePatch(await pathOf(uid) ?? "", {
        metadata: { labels: { touched: `${performance.now()}` } },
      });
    },
    remove: async (uid) => {
      await client.delete(await pathOf(uid) ?? "");
    },
    annotations: async (uid) => {
      const found = (await pods()).find((one) => one.uid === uid);
      return {
        limit: found?.annotations?.["dynamo.nvidia.com/gpu-power-limit"],
        grant: found?.annotations?.["wattkeeper.dev/power-grant"],
      };
    },
    replicas: async (side) => {
      const graph = await client.get(`${stage.graphs()}/llm`) as {
        spec: { components: { name: string; replicas: number }[] };
      };
      return graph.spec.components.find(({ name }) => name === side)
        ?.replicas ?? -1;
    },
    during: (work) => work,
    close: () => fleet[Symbol.asyncDispose](),
  };
}

interface PodMetadata {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
