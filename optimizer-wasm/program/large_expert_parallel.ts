/** Whether all-to-all tables cover experts that span nodes (`aic-engine.md` §5.10). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type { EngineCase } from "../estimate_case.ts";
import type { ModelSpec } from "../model/model_spec.ts";
import { allToAllSlice } from "./bind_collectives.ts";
import type { Tables } from "./tables.ts";

/** Experts a token may use for the all-to-all kernels to apply. */
const MOST_TOPK = 8;

/** What is looked up where. */
export interface ExpertCoverageQuery {
  readonly tables: Tables;
  readonly system: SystemSpec;
  readonly model: ModelSpec;
  readonly engineCase: EngineCase;
}

/**
 * True when the layout is one that the kernels serve, both phases have dispatch and combine, and the expert kernels
 * were measured at this width in the precision that the checkpoint or the user names (before it is made weight-only).
 */
export function coversLargeExpertParallel(query: ExpertCoverageQuery): boolean {
  const { tables, system, model, engineCase } = query;
  const { moeTp, moeEp } = engineCase.layout;
  if (
    moeTp !== 1 || moeEp <= 1 || model.topk > MOST_TOPK ||
    model.experts % moeEp !== 0 || !areExpertsMeasured(query)
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
      }, rowsOf(engineCase)) !== undefined
    )
  );
}

/** Whether a slice has rows in the mode: EMPIRICAL and SOL know those of the primary source alone. */
function rowsOf({ databaseMode }: EngineCase): (slice: PackSlice) => boolean {
  const primaryOnly = databaseMode === "EMPIRICAL" || databaseMode === "SOL";
  return ({ leaves, primaryLeaves }) =>
    (primaryOnly ? primaryLeaves : leaves) > 0;
}

/** Any distribution counts. */
function areExpertsMeasured(
  { tables, model, engineCase }: ExpertCoverageQuery,
): boolean {
  const { layout, quant } = engineCase;
  const mode = quant?.moe ?? model.quant.moe ?? "bfloat16";
  const hasRows = rowsOf(engineCase);
  const { topk, experts, hidden, moeInter } = model;
  const wanted = [topk, experts, hidden, moeInter, 1, layout.moeEp].join();
  return tables.of("moe").some((slice) =>
    slice.key[0] === mode && slice.key.slice(2).join() === wanted &&
    hasRows(slice)
  );
}
