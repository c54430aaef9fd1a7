/** What faults do to a simulated world: those that happen once, and the begins and ends of those that last. @module */

import type {
  SimulatedApi,
  SimulatedNode,
  SimulatedSide,
} from "../cluster/mod.ts";
import type { ActiveFaults, Fault, FaultTarget } from "../faults/mod.ts";
import type { Controllers } from "./controllers.ts";
import type { EngineTruth } from "./engine_truth.ts";

/** What faults happen to. */
export interface Struck {
  readonly api: SimulatedApi;
  readonly nodes: readonly SimulatedNode[];
  readonly controllers: Controllers;
  readonly faults: ActiveFaults;
  readonly nowMs: number;
}

/** The physical side of faults. */
export class FaultEffects implements FaultTarget {
  constructor(private readonly world: Struck) {}

  begin(fault: Fault): void {
    const { api, controllers, nowMs } = this.world;
    switch (fault.kind) {
      case "agent_down":
        // Ended before: the set has it down already.
        return;
      case "node_reboot":
      case "node_lost":
        this.#node(fault.node)?.powerOff();
        if (fault.kind === "node_lost" && fault.outOfService) {
          this.#clearOut(fault.node);
        }
        return;
      case "gpu_reset":
        this.#node(fault.node)?.resetGpu(fault.gpu);
        return;
      case "foreign_limit":
        this.#node(fault.node)?.setForeign(fault.gpu, fault.watts);
        return;
      case "record_lost":
        this.#node(fault.node)?.loseRecord();
        return;
      case "report_deleted":
        return api.removeReport(fault.node);
      case "foreign_annotation": {
        const pod = controllers.pick(fault.side, fault.index)?.pod;
        if (!pod) return;
        api.changePod(pod.uid, {
          ...(fault.limit === undefined ? {} : { powerLimit: fault.limit }),
          ...(fault.grant === undefined ? {} : { powerGrant: fault.grant }),
        });
        return;
      }
      case "pod_killed": {
        const uid = controllers.pick(fault.side, fault.index)?.pod.uid;
        if (uid === undefined) return;
        for (const node of this.world.nodes) node.restart(uid);
        controllers.killed(uid);
        return;
      }
      case "pod_evicted": {
        const uid = controllers.pick(fault.side, fault.index)?.pod.uid;
        if (uid !== undefined) controllers.evict(uid, nowMs);
        return;
      }
      case "pod_force_deleted": {
        const uid = controllers.pick(fault.side, fault.index)?.pod.uid;
        if (uid !== undefined) api.removePod(uid);
        return;
      }
      case "foreign_scale":
        if (api.scaler(fault.side)) {
          api.setScaler(fault.side, fault.replicas);
        }
        return;
      case "rollout":
        controllers.rollOut(fault.side);
        return;
      default:
        return;
    }
  }

  end(fault: Fault): void {
    const { faults } = this.world;
    switch (fault.kind) {
      case "agent_down":
        if (!faults.agentIsDown(fault.node)) {
          this.#node(fault.node)?.restartAgent();
        }
        return;
      case "node_reboot":
      case "node_lost": {
        const node = this.#node(fault.node);
        if (node && !faults.nodeIsDown(fault.node)) this.#boot(node);
        return;
      }
      default:
        return;
    }
  }

  /** Foreign writers that do not stop. */
  persist(): void {
    for (const fault of this.world.faults.all("foreign_limit")) {
      this.#node(fault.node)?.setForeign(fault.gpu, fault.watts);
    }
  }

  /** The node comes up: what its API server does not have any more, or wants gone, never starts again. */
  #boot(node: SimulatedNode): void {
    for (const uid of [...node.sandboxes.keys()]) {
      const known = this.world.api.pod(uid);
      if (node.strangers().some((one) => one.uid === uid)) continue;
      if (!known || known.pod.terminating) node.stop(uid);
    }
    node.boot();
  }

  /** The taint `out-of-service`: the pods' objects go at once, and nothing is left of them on dead hardware (C28). */
  #clearOut(name: string): void {
    for (const { pod } of this.world.api.pods()) {
      if (pod.nodeName === name) this.world.api.removePod(pod.uid);
    }
  }

  #node(name: string): SimulatedNode | undefined {
    return this.world.nodes.find(({ facts }) => facts.name === name);
  }
}

/** A truth that the biases of the moment move. */
export function biased(
  truth: EngineTruth,
  faults: ActiveFaults,
  now: () => number,
): EngineTruth {
  return {
    prefill: (islTokens) => {
      const work = truth.prefill(islTokens);
      if (!faults.has("bias")) return work;
      const nowMs = now();
      const capacity = faults.bias("capacity", nowMs);
      return {
        milliseconds: work.milliseconds * faults.bias("ttft", nowMs) /
          capacity,
        watts: work.watts * faults.bias("power_prefill", nowMs),
      };
    },
    decodeStep: (batchSize, kvTokens) => {
      const work = truth.decodeStep(batchSize, kvTokens);
      if (!faults.has("bias")) return work;
      const nowMs = now();
      return {
        milliseconds: work.milliseconds * faults.bias("itl", nowMs),
        watts: work.watts * faults.bias("power_decode", nowMs),
      };
    },
    slowdown: (limitWatts, wantedWatts, side: SimulatedSide) =>
      truth.slowdown(limitWatts, wantedWatts, side),
    mostRequests: (kvTokens) => {
      const most = truth.mostRequests(kvTokens);
      return faults.has("bias")
        ? Math.max(1, Math.floor(most * faults.bias("capacity", now())))
        : most;
    },
    kvCapacityTokens: truth.kvCapacityTokens,
    idleWatts: truth.idleWatts,
  };
}
