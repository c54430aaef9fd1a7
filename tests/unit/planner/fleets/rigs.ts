/** Each fleet with hands on what is behind it, so that one suite can be run against all of them. @module */

import {
  type Fleet,
  OBSERVED_PATH,
  SimulatedFleet,
  VirtualFleet,
  WANTED_PATH,
} from "../../../../planner/fleets/mod.ts";
import { SimulatedWorld } from "../../../../simulator/mod.ts";
import { TestClock } from "../../agent/world.ts";
import { worldOptions } from "../../simulator/truth.ts";

/** A fleet with one prefill pod and one decode pod, and somebody else who can change them. */
export interface Rig {
  readonly fleet: Fleet;
  /** Everything that happened has been seen, and everything wanted has been carried out. */
  catchUp(): Promise<void>;
  /** Somebody else changes a pod: its version moves. */
  touch(uid: string): Promise<void>;
  remove(uid: string): Promise<void>;
  /** What the pod carries now. */
  annotations(uid: string): Annotations | Promise<Annotations>;
  replicas(side: "prefill" | "decode"): number | Promise<number>;
  /** Carries steps out while they are applied, as the other side does in its own time. */
  during<Value>(work: Promise<Value>): Promise<Value>;
  close?(): Promise<void>;
}

/** The two annotations of a pod. */
export interface Annotations {
  readonly limit: string | undefined;
  readonly grant: string | undefined;
}

/** The simulated fleet over its world. */
export function simulatedRig(): Rig {
  const world = new SimulatedWorld(worldOptions());
  world.advance(6_000);
  const fleet = new SimulatedFleet(world, {
    holder: "planner-1",
    gpusPerReplica: { prefill: 1, decode: 1 },
  });
  return {
    fleet,
    catchUp: () => {
      world.advance(2_000);
      return Promise.resolve();
    },
    touch: (uid) => {
      world.api.changePod(uid, { phase: "Running" });
      return Promise.resolve();
    },
    remove: (uid) => {
      world.api.removePod(uid);
      return Promise.resolve();
    },
    annotations: (uid) => ({
      limit: world.api.pod(uid)?.pod.powerLimit,
      grant: world.api.pod(uid)?.pod.powerGrant,
    }),
    replicas: (side) => world.api.scaler(side)?.replicas ?? 0,
    during: (work) => work,
  };
}

interface WantedDocument {
  readonly generation: number;
  readonly sides: Record<
    string,
    { generation: number; replicas: number; resource_version: string | null }
  >;
  readonly pods: {
    generation: number;
    uid: string;
    resource_version: string;
    power_limit: string | null;
    power_grant: string;
  }[];
}

/** The virtual fleet with an orchestrator that speaks to it as a stranger would: by its two resources. */
export async function virtualRig(): Promise<Rig> {
  const fleet = new VirtualFleet({ clock: new TestClock(), token: "secret" });
  const world = new SimulatedWorld(worldOptions());
  world.advance(6_000);
  const done = new Set<number>();
  const headers = { authorization: "Bearer secret" };
  const get = async (): Promise<WantedDocument> => {
    const response = await fleet.handle(
      new Request(`http://planner${WANTED_PATH}`, { headers }),
    );
    return await response!.json();
  };
  /** Carries out what is new, then says what there is. */
  const turn = async () => {
    const wanted = await get();
    const results: unknown[] = [];
    for (const [side, one] of Object.entries(wanted.sides)) {
      if (done.has(one.generation)) continue;
      done.add(one.generation);
      if (side !== "prefill" && side !== "decode") continue;
      const outcome = world.api.scale(side, {
        replicas: one.replicas,
        resourceVersion: one.resource_version ?? undefined,
      });
      results.push(resultOf(one.generation, outcome));
    }
    for (const one of wanted.pods) {
      if (done.has(one.generation)) continue;
      done.add(one.generation);
      const { pod } = world.api.pod(one.uid) ?? {};
      const outcome = !pod
        ? { kind: "gone" as const }
        : pod.resourceVersion !== one.resource_version
        ? { kind: "conflict" as const, reason: "it has moved" }
        : { kind: "done" as const };
      if (outcome.kind === "done") {
        world.api.changePod(one.uid, {
          powerLimit: one.power_limit ?? undefined,
          powerGrant: one.power_grant,
        });
      }
      results.push(resultOf(one.generation, outcome));
    }
    const response = await fleet.handle(
      new Request(`http://planner${OBSERVED_PATH}`, {
        method: "POST",
        headers,
        body: JSON.stringify(statementOf(world, wanted.generation, results)),
      }),
    );
    if (response?.status !== 200) throw new Error(await response?.text());
    await response.body?.cancel();
  };
  await turn();
  return {
    fleet,
    catchUp: async () => {
      world.advance(2_000);
      await turn();
    },
    touch: (uid) => {
      world.api.changePod(uid, { phase: "Running" });
      return Promise.resolve();
    },
    remove: (uid) => {
      world.api.removePod(uid);
      return Promise.resolve();
    },
    annotations: (uid) => ({
      limit: world.api.pod(uid)?.pod.powerLimit,
      grant: world.api.pod(uid)?.pod.powerGrant,
    }),
    replicas: (side) => world.api.scaler(side)?.replicas ?? 0,
    during: async (work) => {
      await turn();
      return await work;
    },
  };
}

function resultOf(
  generation: number,
  outcome: { readonly kind: string; readonly reason?: string },
) {
  return { generation, outcome: outcome.kind, reason: outcome.reason ?? "" };
}

/** What the world is, in the words of the virtual fleet. */
export function statementOf(
  world: SimulatedWorld,
  acknowledgedGeneration: number,
  results: readonly unknown[] = [],
) {
  const { api } = world;
  return {
    acknowledged_generation: acknowledgedGeneration,
    results,
    sides: Object.fromEntries(
      api.sides().map((side) => [side, {
        target_replicas: api.scaler(side)?.replicas,
        ready_replicas: world.ready(side),
        rollout: "settled",
        gpus_per_replica: 1,
        resource_version: api.scaler(side)?.resourceVersion,
      }]),
    ),
    pods: api.pods().map(({ pod, side, gpus, replica }) => ({
      namespace: pod.namespace,
      name: pod.name,
      uid: pod.uid,
      resource_version: pod.resourceVersion,
      side,
      gpus,
      replica,
      node: pod.nodeName ?? null,
      phase: pod.phase,
      terminating: pod.terminating,
      gated: pod.gated,
      power_limit: pod.powerLimit ?? null,
      power_grant: pod.powerGrant ?? null,
    })),
  };
}
