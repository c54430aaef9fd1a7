/** Agents and gates of a few nodes with a GPU each, by the protocol's §4, and the sum of what they let be drawn. @module */

import {
  ApiTransport,
  compareGenerations,
  type Grant,
  ListWatch,
  parseGrant,
  type Pod,
  readPod,
  realClock,
} from "../../../../cluster/mod.ts";
import type { Stage, TestCluster } from "../../../kube/mod.ts";

/** One sample: taken after every change of a limit. */
export interface Sample {
  readonly watts: number;
  readonly because: string;
}

interface Gpu {
  limitWatts: number;
  record: Grant | undefined;
  sequence: number;
  readonly pod: Pod;
}

/** Watches the pods of a namespace; each has a GPU of its own on its node. */
export class AgentsRole {
  readonly samples: Sample[] = [];
  /** Nodes whose agents see nothing until they are taken out again. */
  readonly silent = new Set<string>();
  readonly #gpus = new Map<string, Gpu>();
  readonly #stage: Stage;
  readonly #watch: ListWatch<Pod>;
  #dirty = true;
  #wake = () => {};

  constructor(cluster: TestCluster, stage: Stage) {
    this.#stage = stage;
    this.#watch = new ListWatch({ path: stage.pods(), read: readPod }, {
      transport: new ApiTransport(() => Promise.resolve(cluster.adminEndpoint)),
      clock: realClock,
      random: Math.random,
      onChange: () => {
        this.#dirty = true;
        this.#wake();
      },
    });
  }

  /** The largest sum that was ever possible. */
  get peakWatts(): number {
    return Math.max(0, ...this.samples.map(({ watts }) => watts));
  }

  /** Watts of a pod's GPU, 0 in the gate. */
  wattsOf(podName: string): number {
    for (const { pod, record, limitWatts } of this.#gpus.values()) {
      if (pod.name === podName) return record?.watts ? limitWatts : 0;
    }
    return 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    const watching = this.#watch.run(signal);
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      if (!this.#dirty) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      this.#dirty = false;
      for (const pod of this.#watch.values) await this.#enforce(pod);
    }
    await watching;
  }

  /** Looks again, for a node that is not silent any more. */
  poke(): void {
    this.#dirty = true;
    this.#wake();
  }

  async #enforce(pod: Pod): Promise<void> {
    const { nodeName } = pod;
    if (nodeName === undefined || this.silent.has(nodeName)) return;
    const known = this.#gpus.get(pod.uid);
    const gpu = known ??
      { limitWatts: 700, record: undefined, sequence: 0, pod };
    this.#gpus.set(pod.uid, gpu);
    const reading = parseGrant(pod.powerGrant ?? "");
    const grant = reading.kind === "grant" ? reading.grant : undefined;
    const newer = grant !== undefined && grant.podUid === pod.uid &&
      (gpu.record === undefined ||
        compareGenerations(grant.generation, gpu.record.generation) > 0) &&
      pod.powerLimit === (grant.watts > 0 ? `${grant.watts}` : undefined);
    if (known && !newer) return;
    if (newer && grant) {
      if (grant.watts > 0) gpu.limitWatts = grant.watts;
      gpu.record = grant;
      this.#sample(`${pod.name} ${grant.watts} W`);
    }
    await this.#report(gpu, nodeName);
  }

  #sample(because: string): void {
    let watts = 0;
    for (const { record, limitWatts } of this.#gpus.values()) {
      if (record?.watts) watts += limitWatts;
    }
    this.samples.push({ watts, because });
  }

  async #report(gpu: Gpu, nodeName: string): Promise<void> {
    const open = (gpu.record?.watts ?? 0) > 0;
    gpu.sequence++;
    await this.#stage.report({
      nodeName,
      observedAt: new Date(),
      agentVersion: "0.1.0",
      bootId: "boot",
      driverSession: "session",
      safeDefaultWatts: 490,
      sequence: gpu.sequence,
      gpus: [{
        uuid: `GPU-${nodeName}`,
        index: 0,
        model: "NVIDIA H200",
        minWatts: 200,
        maxWatts: 700,
        defaultWatts: 700,
        limitWatts: gpu.limitWatts,
        effectiveWatts: gpu.limitWatts,
        appliedGeneration: gpu.record?.generation,
        occupancy: "pod",
        gate: open ? "open" : "waiting",
        persistenceMode: true,
        pod: {
          namespace: gpu.pod.namespace,
          name: gpu.pod.name,
          uid: gpu.pod.uid,
        },
        state: "enforced",
        reason: "",
      }],
    });
  }
}
