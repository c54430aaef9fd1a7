/** What an agent reports is what was there when it reported it: read back, recorded, proven (C19, C23, R40). @module */

import type { NodePowerReport } from "../../cluster/mod.ts";
import type { SimulatedNode, SimulatedWorld } from "../../simulator/mod.ts";

/** Holds each report against its node at the moment it is sent. */
export class ReportChecks {
  readonly #world: SimulatedWorld;
  readonly #sequences = new Map<string, number>();
  /** Pods that have been let through, by UID and boot. */
  readonly #opened = new Set<string>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
    for (const { nodeName, sequence } of world.api.reports()) {
      this.#sequences.set(nodeName, sequence);
    }
  }

  /** What a report says that is not so. */
  find(): string | undefined {
    for (const node of this.#world.nodes) {
      for (const uid of node.running) this.#opened.add(keyOf(node, uid));
      const report = this.#world.api.report(node.facts.name);
      if (!report) continue;
      if (this.#sequences.get(report.nodeName) === report.sequence) continue;
      this.#sequences.set(report.nodeName, report.sequence);
      const wrong = this.#compare(report, node);
      if (wrong !== undefined) return `${report.nodeName}: ${wrong}`;
    }
    return undefined;
  }

  #compare(report: NodePowerReport, node: SimulatedNode): string | undefined {
    for (const told of report.gpus) {
      const gpu = node.gpus[told.index];
      if (!gpu) return `GPU ${told.index} is not there`;
      const where = `GPU ${told.index}`;
      if (told.limitWatts !== gpu.limitWatts) {
        return `${where} is at ${gpu.limitWatts} W, not ${told.limitWatts} W`;
      }
      if (told.occupancy === "free" && gpu.podUid !== undefined) {
        return `${where} is not free, ${gpu.podUid} is on it`;
      }
      const uid = told.pod?.uid;
      if (uid === undefined || uid !== gpu.podUid) continue;
      if (told.gate === "waiting" && node.running.has(uid)) {
        return `${uid} does not wait in the gate, it runs`;
      }
      if (told.gate === "open" && !this.#opened.has(keyOf(node, uid))) {
        return `${uid} has not been let through since the boot`;
      }
      const { appliedGeneration } = told;
      if (!appliedGeneration) continue;
      const owner = gpu.entry?.applied?.owners.find((one) => one.uid === uid);
      if (owner?.generation?.sequence !== appliedGeneration.sequence) {
        return `${where} has no record of what is reported as applied`;
      }
    }
    return undefined;
  }
}

function keyOf({ bootId }: SimulatedNode, uid: string): string {
  return `${uid} ${bootId}`;
}
