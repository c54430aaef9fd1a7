/** What the model says about one replica at one batch, before caps: kept, so that further targets, budgets and caps ask nothing again. */

import * as agg from "../agg";
import { allocateLazily, setF64 } from "../arrays";
import { decodePhase, phaseFlags, phaseMs } from "../phase";
import * as power from "../power_sums";
import { decodeStep, mixedStep } from "../compose";
import {
  contextPass,
  generationPass,
  passFlags,
  passMs,
  Phase,
  Program,
} from "../program";
import * as asking from "../asking";
import { OK } from "../status";
import { Side } from "./option";
import { PhasePower } from "./phase_power";
import * as setting from "./setting";

/** Decode steps that share one evaluation (`aic-engine.md` §7.2). */
const STRIDE: i32 = 32;

@unmanaged
export class Row {
  program: Program;
  side: i32;
  layout: i32;
  batch: i32;
  /** The power sums have been made. */
  hasPower: i32;
  /** FROM_… and BEYOND_… bits of the answer. */
  flags: i32;
  /** Lower power limits that the row was measured at (R17), and the first of them in their table. */
  limitCount: i32;
  firstLimit: i32;
  contextTokens: f64;
  gpus: f64;
  /** Attention data parallel ranks × pipeline stages: replicas of the batch inside one worker. */
  ranks: f64;
  /** Most requests a second that admission lets through; infinite without a limit. */
  mostRate: f64;
  /** The prefill pass, all decode steps, or a mixed step, ms. */
  ms: f64;
  /** A step of decode requests alone (aggregated), ms. */
  generationMs: f64;
}

const ROW_BYTES: usize = offsetof<Row>() + 2 * offsetof<PhasePower>();
/** Rows of the largest space: 64 layouts at 44 batches and 18 sizes of a mixed step, and both sides beside them. */
const MOST_ROWS: i32 = 1 << 16;

let rows: usize = 0;
let rowCount: i32 = 0;

/** Of a limit: watts, time of both kinds of step ÷ that in the row, draw of both, watts. */
export const LIMIT_SLOTS: i32 = 5;
/** Limits of all rows; a table is only made for data that has some. */
const MOST_LIMITS: i32 = 1 << 18;
let limits: usize = 0;
let limitCount: i32 = 0;

/** Forgets all rows. */
export function clearRows(): void {
  if (rows == 0) rows = allocateLazily(<usize> MOST_ROWS * ROW_BYTES);
  rowCount = 0;
  limitCount = 0;
}

/** Address of a row's limits, falling, `LIMIT_SLOTS` doubles each. */
export function limitsOf(row: Row): usize {
  return limits + <usize> (row.firstLimit * LIMIT_SLOTS * 8);
}

/**
 * Says what the row added last does at a power limit below those before.
 * @param ms, generationMs time of its two kinds of step; @param watts, generationWatts their draw
 * @returns false when there is no room
 */
export function addRowLimit(
  limitWatts: f64,
  ms: f64,
  generationMs: f64,
  watts: f64,
  generationWatts: f64,
): bool {
  if (limitCount >= MOST_LIMITS) return false;
  if (limits == 0) {
    limits = allocateLazily(<usize> MOST_LIMITS * LIMIT_SLOTS * 8);
  }
  const row = rowAt(rowCount - 1);
  const at = limits + <usize> (limitCount * LIMIT_SLOTS * 8);
  if (row.limitCount == 0) row.firstLimit = limitCount;
  setF64(at, 0, limitWatts);
  setF64(at, 1, ms / row.ms);
  setF64(at, 2, row.generationMs > 0.0 ? generationMs / row.generationMs : 1.0);
  setF64(at, 3, watts);
  setF64(at, 4, generationWatts);
  row.limitCount++;
  limitCount++;
  return true;
}

export function rowsNow(): i32 {
  return rowCount;
}

export function rowAt(index: i32): Row {
  return changetype<Row>(rows + <usize> index * ROW_BYTES);
}

/** The only phase, or the mixed step of an aggregated worker. */
export function phaseOf(row: Row): PhasePower {
  return changetype<PhasePower>(changetype<usize>(row) + offsetof<Row>());
}

/** The step of decode requests alone. */
export function generationOf(row: Row): PhasePower {
  return changetype<PhasePower>(
    changetype<usize>(row) + offsetof<Row>() + offsetof<PhasePower>(),
  );
}

/**
 * Asks the model for one row and keeps it.
 * @returns a status, or -1 when there is no room for another row
 */
export function addRow(
  program: Program,
  side: i32,
  layout: i32,
  gpus: f64,
  ranks: f64,
  batch: i32,
  contextTokens: f64,
  mostRate: f64,
): i32 {
  if (rowCount >= MOST_ROWS) return -1;
  const row = rowAt(rowCount);
  row.program = program;
  row.side = side;
  row.layout = layout;
  row.batch = batch;
  row.hasPower = 0;
  row.limitCount = 0;
  row.firstLimit = 0;
  row.contextTokens = contextTokens;
  row.gpus = gpus;
  row.ranks = ranks;
  row.mostRate = mostRate;
  row.generationMs = 0.0;
  const status = side == Side.AGG ? askAgg(row) : askPhase(row);
  if (status == OK) rowCount++;
  return status;
}

function askPhase(row: Row): i32 {
  const batch = <f64> row.batch;
  if (row.side == Side.PREFILL) {
    const status = asking.prefill(
      row.program,
      batch,
      setting.isl(),
      setting.prefix(),
    );
    row.ms = passMs;
    row.flags = passFlags;
    return status;
  }
  const status = decodePhase(
    row.program,
    batch * (setting.drafts() + 1.0),
    <i32> setting.isl(),
    <i32> setting.osl(),
    STRIDE,
    false,
  );
  row.ms = phaseMs;
  row.flags = phaseFlags;
  return status;
}

function askAgg(row: Row): i32 {
  const status = agg.runAgg(
    row.program,
    <f64> row.batch,
    row.contextTokens,
    setting.isl(),
    setting.osl(),
    setting.prefix(),
    setting.drafts(),
    setting.isVllm(),
    setting.dispatchMs(),
  );
  row.ms = agg.mixedMs;
  row.generationMs = agg.generationMs;
  row.flags = agg.aggFlags;
  return status;
}

/** Makes the power sums of a row that is wanted under caps; the model is asked once more, operator by operator. */
export function makePower(row: Row): void {
  if (row.hasPower != 0) return;
  row.hasPower = 1;
  const phase = phaseOf(row);
  const generation = generationOf(row);
  generation.clear();
  const batch = <f64> row.batch;
  const requests = batch * (setting.drafts() + 1.0);
  const isl = setting.isl();
  const osl = setting.osl();
  power.clearSums();
  if (row.side == Side.PREFILL) {
    const prefix = setting.prefix();
    contextPass(row.program, batch, isl, prefix, -1, false);
    addPhase(row.program, Phase.CONTEXT, batch, isl - prefix, prefix);
    phase.take();
    phase.refine(setting.prefillShare());
  } else if (row.side == Side.DECODE) {
    // The middle of the phase stands for it: what an operator draws changes little over one request.
    const middle = isl + Math.floor(osl / 2.0);
    generationPass(row.program, requests, middle, -1, false);
    addPhase(row.program, Phase.GENERATION, requests, middle, 0.0);
    phase.take();
    phase.refine(setting.decodeShare());
  } else {
    agg.schedule(batch, row.contextTokens, isl, osl, setting.isVllm());
    const alone = agg.mixedDecodeRequests;
    mixedStep(
      row.program,
      row.contextTokens,
      alone,
      isl,
      osl,
      setting.prefix(),
      setting.drafts(),
      true,
    );
    phase.take();
    phase.refine(setting.prefillShare());
    power.clearSums();
    if (agg.generationSteps > 0.0) {
      decodeStep(row.program, batch, isl, osl, setting.drafts(), true);
    }
    generation.take();
    generation.refine(setting.decodeShare());
  }
}

function addPhase(
  program: Program,
  phase: i32,
  batch: f64,
  length: f64,
  prefix: f64,
): void {
  power.addPassSums(
    program,
    phase,
    batch,
    length,
    prefix,
    -1,
    false,
    1.0,
    1.0,
  );
}
