/** Nodes as rows: watts, age of the report, what is not enforced; those in trouble first. @module */

import type { GpuView, PlannerStateView } from "./api.ts";
import { sumOf } from "./feed.ts";

/** A report that is older is an alarm elsewhere; here it stands out. */
const OLD_REPORT_SECONDS = 30;
/** States of a GPU that is held to what was asked for, or that nobody asked anything of. */
const HELD = new Set(["enforced", "released", "unmanaged", "prearmed"]);

/** One node. Watts are null where nothing is known. */
export interface NodeRow {
  readonly name: string;
  readonly gpus: number;
  readonly usedGpus: number;
  readonly charged: number | null;
  readonly effective: number | null;
  readonly drawn: number | null;
  readonly ageSeconds: number;
  readonly isOld: boolean;
  /** GPUs that are not held to what was asked for. */
  readonly loose: readonly GpuView[];
}

/** In the order of trouble: GPUs not enforced, then old reports, then by name as people count. */
export function nodeRows(state: PlannerStateView): readonly NodeRow[] {
  const charges = Map.groupBy(state.charges, (charge) => charge.node_name);
  const rows = state.nodes.map(({ node_name, report_age_ms, gpus }) => {
    const used = gpus.filter(({ side }) => side !== null);
    const ageSeconds = Math.round(report_age_ms / 1000);
    return {
      name: node_name,
      gpus: gpus.length,
      usedGpus: used.length,
      charged: sumOf((charges.get(node_name) ?? []).map(({ watts }) => watts)),
      effective: sumOf(used.map((gpu) => gpu.effective_watts)),
      drawn: sumOf(used.map((gpu) => gpu.draw_watts)),
      ageSeconds,
      isOld: ageSeconds > OLD_REPORT_SECONDS,
      loose: gpus.filter(({ state }) => !HELD.has(state)),
    };
  });
  return rows.sort((a, b) =>
    b.loose.length - a.loose.length ||
    Number(b.isOld) - Number(a.isOld) ||
    NAMES.compare(a.name, b.name)
  );
}

/** `node-9` before `node-10`. */
const NAMES = new Intl.Collator("en", { numeric: true });
