/** Whether all-to-all tables cover experts that span nodes (`aic-engine.md` §5.10). @module */

import type { SystemSpec } from "../data/system_spec.ts";
import type { Layout } from "../estimate_case.ts";
import type { ModelSpec } from "../model/model_spec.ts";
import { allToAllSlice } from "./bind_collectives.ts";
import type { Tables } from "./tables.ts";

/** Experts a token may use for the all-to-all kernels to apply. */
const MOST_TOPK = 8;

/** True when both phases have dispatch and combine, and the layout is one the kernels serve. */
export function coversLargeExpertParallel(
  tables: Tables,
  system: SystemSpec,
  model: ModelSpec,
  layout: Layout,
): boolean {
  const { moeTp, moeEp } = layout;
  if (
    moeTp !== 1 || moeEp <= 1 || model.topk > MOST_TOPK ||
    model.experts % moeEp !== 0
  ) return false;
  const kernels = [["deepep_ht", 20], ["deepep_ll", 0]] as const;
  return kernels.every(([kernel, sms]) =>
    (["dispatch", "combine"] as const).every((phase) =>
      allToAllSlice({ tables, system }, {
        phase,
        kernel,
        sms,
        hidden: model.hidden,
        topk: model.topk,
        experts: model.experts,
        moeEp,
        nodes: Math.ceil(moeEp / system.gpusPerNode),
      }) !== undefined
    )
  );
}
