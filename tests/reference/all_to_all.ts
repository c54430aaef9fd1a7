/** Experts across nodes: coverage and the exchange (`aic-engine.md` §5.10, large expert parallelism). @module */

import type { EngineCase } from "../../optimizer-wasm/estimate_case.ts";
import type { Bench } from "./bench.ts";
import { lookUpCurve } from "./interpolate.ts";
import type { Model } from "./model.ts";
import { dataMiss, Refusal } from "./refusal.ts";
import type { GridSlice, Tables } from "./tables.ts";

/** One half of the exchange in one phase. */
export interface ExchangeOp {
  readonly step: "dispatch" | "combine";
  readonly phase: "context" | "generation";
  readonly model: Model;
  readonly ep: number;
}

function sliceOf(
  tables: Tables,
  { step, phase, model, ep }: ExchangeOp,
): GridSlice | undefined {
  const perNode = tables.system.gpusPerNode;
  const nodes = Math.ceil(ep / perNode);
  const [kernel, sms] = phase === "context"
    ? ["deepep_ht", 20] as const
    : ["deepep_ll", 0] as const;
  const at = (gpus: number, count: number) => {
    const shape = [model.hidden, model.topk, model.experts, sms];
    const wanted = [kernel, step, "default", gpus, count, ...shape].join();
    return tables.grids("moe_a2a").find(({ key }) => key.join() === wanted);
  };
  return at(ep, nodes) ?? (nodes > 1 ? at(perNode, 1) : undefined);
}

/** ms of one half of the exchange at a number of tokens. */
export function exchange(bench: Bench, op: ExchangeOp, tokens: number): number {
  if (bench.mode === "EMPIRICAL" || bench.mode === "SOL") {
    throw new Refusal("no_empirical", `No roofline of ${op.step}.`);
  }
  const slice = sliceOf(bench.tables, op);
  if (slice === undefined) throw dataMiss(`all-to-all ${op.step}`);
  return lookUpCurve(slice.grid, tokens, (x) => x).ms;
}

/**
 * Whether experts span nodes, for which the tables must have both halves in both phases and the experts' own rows.
 *
 * @throws {Refusal} `invalid_layout` when they are split, `not_measured` when a table is missing
 */
export function usesAllToAll(
  model: Model,
  { layout, quant }: EngineCase,
  { tables, inferredMoe }: {
    readonly tables: Tables;
    readonly inferredMoe: string | undefined;
  },
): boolean {
  const { moeTp, moeEp: ep } = layout;
  if (model.experts === 0 || ep <= tables.system.gpusPerNode) return false;
  if (moeTp !== 1) {
    throw new Refusal("invalid_layout", `moe_tp ${moeTp} across nodes`);
  }
  const mode = quant?.moe ?? inferredMoe ?? "bfloat16";
  const { topk, experts, hidden, expertInter } = model;
  const shape = [topk, experts, hidden, expertInter, 1, ep].join();
  const isMeasured = tables.grids("moe").some(({ key }) =>
    key[0] === mode && key.slice(2).join() === shape
  );
  const isThere = topk <= 8 && experts % ep === 0 && isMeasured &&
    (["context", "generation"] as const).every((phase) =>
      (["dispatch", "combine"] as const).every((step) =>
        sliceOf(tables, { step, phase, model, ep }) !== undefined
      )
    );
  if (!isThere) throw dataMiss(`experts across nodes, ep ${ep}`);
  return true;
}
