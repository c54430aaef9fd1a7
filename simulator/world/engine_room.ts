/** What the GPUs do in one step: engines behind their limits, warm-up, draw, and what of it can be measured. @module */

import type {
  NodeGpu,
  SimulatedApi,
  SimulatedNode,
  SimulatedSide,
} from "../cluster/mod.ts";
import type { ActiveFaults } from "../faults/mod.ts";
import type { Controllers } from "./controllers.ts";
import type {
  Arrivals,
  FluidStep,
  Replica,
  ReplicaWork,
} from "./fluid_engines.ts";
import type { MeasuredEngine, Meter, SideDraw } from "./measurement.ts";

/** What moves requests through replicas: a fluid, or every request by itself. */
export interface Engines {
  /** Moves on by `seconds`. @returns what the step came to, its replicas in the order given */
  step(
    seconds: number,
    arrivals: Arrivals,
    replicas: readonly Replica[],
  ): FluidStep;
  /** Requests that wait for a prefill. */
  readonly queued: number;
  readonly decoding: number;
  /** Requests that were turned away or gave up. */
  readonly dropped: number;
}

/** What an engine room is made of. */
export interface EngineRoomOptions {
  readonly api: SimulatedApi;
  readonly nodes: readonly SimulatedNode[];
  readonly controllers: Controllers;
  readonly faults: ActiveFaults;
  readonly engines: Engines;
  readonly meter: Meter;
  readonly kvCapacityTokens: number;
  readonly idleWatts: number;
  /** Share of its greatest limit that a GPU wants while it warms up. */
  readonly warmupShare: number;
}

/** GPUs of one pod that has a process on them, with the lowest limit: the slowest rank sets the pace. */
interface PodGpus {
  readonly gpus: NodeGpu[];
  limitWatts: number;
}

/** Runs the engines of a world. */
export class EngineRoom {
  /** Load of the engines of the last step, worked out when somebody measures. */
  #work: () => readonly MeasuredEngine[] = () => [];
  readonly #on: EngineRoomOptions;
  /** By pod, as of these versions of the nodes and without heat. */
  #byPod: ReadonlyMap<string, PodGpus> | undefined;
  #versions = -1;

  constructor(options: EngineRoomOptions) {
    this.#on = options;
  }

  /** Load of the engines that serve, as of the last step. */
  get engines(): readonly MeasuredEngine[] {
    return this.#work();
  }

  run(nowMs: number, seconds: number, asked: Arrivals): void {
    const { faults, controllers, engines, meter } = this.#on;
    const arrivals = faults.has("traffic")
      ? {
        ...asked,
        requestsPerSecond: asked.requestsPerSecond * faults.trafficFactor,
      }
      : asked;
    const gpus: (readonly NodeGpu[])[] = [];
    const uids: string[] = [];
    const replicas: Replica[] = [];
    const byPod = this.#gpusByPod();
    for (const { pod, side, replica } of this.#on.api.pods()) {
      const mine = byPod.get(pod.uid);
      if (!mine) continue;
      const serving = controllers.isServing(pod.uid, nowMs) &&
        !pod.terminating;
      const { limitWatts } = mine;
      const last = replicas.length - 1;
      const known = replicas[last];
      if (known?.name === replica) {
        gpus[last] = [...gpus[last]!, ...mine.gpus];
        replicas[last] = {
          ...known,
          limitWatts: Math.min(known.limitWatts, limitWatts),
          serving: known.serving && serving,
        };
        continue;
      }
      gpus.push(mine.gpus);
      uids.push(pod.uid);
      replicas.push({ name: replica, side, limitWatts, serving });
    }
    const step = engines.step(seconds, arrivals, replicas);
    const draws = new Map<
      SimulatedSide,
      { gpus: number; watts: number; loadingWatts: number }
    >();
    step.replicas.forEach((work, index) => {
      const { serving, side, limitWatts } = replicas[index]!;
      const sum = draws.get(side) ?? { gpus: 0, watts: 0, loadingWatts: 0 };
      draws.set(side, sum);
      const watts = serving || work.works
        ? work.drawWatts
        : this.#loadWatts(uids[index]!, nowMs, limitWatts);
      for (const gpu of gpus[index]!) {
        gpu.drawWatts = watts;
        // Heat has a throttle reason of its own: only a limit that was set counts as the power cap's.
        gpu.cappedShare = serving && gpu.limitWatts <= limitWatts
          ? work.cappedShare
          : 0;
        // Only engines that serve are measured as one side's draw.
        if (serving) {
          sum.watts += watts;
          sum.gpus++;
        } else sum.loadingWatts += watts;
      }
    });
    meter.add(step, {
      seconds,
      islTokens: arrivals.islTokens,
      oslTokens: arrivals.oslTokens,
      draws: [...draws].map(([side, sum]): SideDraw => ({ side, ...sum })),
    });
    const known = {
      kvCapacityTokens: this.#on.kvCapacityTokens,
      maxBatchedTokens: faults.has("batched_tokens_unknown")
        ? undefined
        : 8_192,
    };
    this.#work = () =>
      step.replicas.filter((_, index) => replicas[index]!.serving)
        .map((work) => engineOf(work, arrivals, known));
  }

  #gpusByPod(): ReadonlyMap<string, PodGpus> {
    const { nodes, faults } = this.#on;
    let versions = 0;
    for (const { gpus, version } of nodes) {
      versions += version;
      for (const gpu of gpus) gpu.drawWatts = 0;
    }
    if (faults.has("gpu_thermal")) return this.#groupedByPod();
    if (!this.#byPod || versions !== this.#versions) {
      this.#versions = versions;
      this.#byPod = this.#groupedByPod();
    }
    return this.#byPod;
  }

  #groupedByPod(): ReadonlyMap<string, PodGpus> {
    const byPod = new Map<string, PodGpus>();
    for (const node of this.#on.nodes) {
      for (const gpu of node.gpus) {
        const { podUid } = gpu;
        if (podUid === undefined || !node.running.has(podUid)) continue;
        const limitWatts = node.enforcedWatts(gpu);
        const known = byPod.get(podUid);
        if (known) {
          known.gpus.push(gpu);
          known.limitWatts = Math.min(known.limitWatts, limitWatts);
        } else byPod.set(podUid, { gpus: [gpu], limitWatts });
      }
    }
    return byPod;
  }

  /** Warming up draws a share of the greatest limit, as far as the limit lets it; loading after it idles. */
  #loadWatts(uid: string, nowMs: number, limitWatts: number): number {
    const { controllers, nodes, faults, warmupShare, idleWatts } = this.#on;
    const wanted = controllers.isWarmingUp(uid, nowMs)
      ? (faults.warmupShare ?? warmupShare) * (nodes[0]?.facts.maxWatts ?? 0)
      : idleWatts;
    return Math.min(limitWatts, Math.round(wanted));
  }
}

function engineOf(
  work: ReplicaWork,
  { islTokens, oslTokens }: Arrivals,
  known: Pick<MeasuredEngine, "kvCapacityTokens" | "maxBatchedTokens">,
): MeasuredEngine {
  const decodes = work.side !== "prefill";
  const kv = islTokens + oslTokens / 2;
  const tokens = work.tokens ?? {
    scheduledPrefill: decodes ? 0 : work.busy * islTokens,
    queuedPrefill: work.side === "decode" ? 0 : work.queuedRequests * islTokens,
    scheduledDecodeKv: decodes ? work.requests * kv : 0,
    queuedDecodeKv: work.side === "decode" ? work.queuedRequests * kv : 0,
  };
  return {
    side: work.side,
    workerId: work.name,
    dpRank: 0,
    scheduledPrefillTokens: Math.round(tokens.scheduledPrefill),
    queuedPrefillTokens: Math.round(tokens.queuedPrefill),
    scheduledDecodeKvTokens: Math.round(tokens.scheduledDecodeKv),
    queuedDecodeKvTokens: Math.round(tokens.queuedDecodeKv),
    scheduledRequests: Math.round(work.requests),
    queuedRequests: Math.round(work.queuedRequests),
    wallTimeMs: work.milliseconds,
    contextLengthTokens: 32_768,
    ...known,
  };
}
