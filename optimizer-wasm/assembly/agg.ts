/** Aggregated serving: one kind of worker that mixes prefill chunks into its decode steps (`aic-engine.md` §7.4). */

import {
  decodeStep,
  mixedStep,
  stepEnergy,
  stepFlags,
  stepMs,
} from "./compose";
import { Program } from "./program";
import { OK } from "./status";

export let ttftMs: f64 = 0.0;
export let tpotMs: f64 = 0.0;
export let requestMs: f64 = 0.0;
/** Output tokens a second of one attention-DP rank and one pipeline. */
export let tokensPerSecond: f64 = 0.0;
/** Measured energy over latency of all steps, watts. */
export let aggWatts: f64 = 0.0;
export let aggFlags: i32 = 0;
/** The two steps it is made of, and how often each runs. */
export let mixedMs: f64 = 0.0;
export let generationMs: f64 = 0.0;
export let mixedSteps: f64 = 0.0;
export let generationSteps: f64 = 0.0;
export let mixedDecodeRequests: f64 = 0.0;

/**
 * @param layerOverheadMs dispatch overhead of the backend over all layers, milliseconds
 * @param vllm whether the backend schedules as vllm does; trtllm and sglang differ in three rules
 */
export function runAgg(
  program: Program,
  batch: f64,
  context: f64,
  isl: f64,
  osl: f64,
  prefix: f64,
  drafts: f64,
  vllm: bool,
  layerOverheadMs: f64,
): i32 {
  const finish = Math.ceil(isl * batch / context);
  const iterations = osl;
  const alone = batch <= 1.0;
  const long = finish >= iterations;
  mixedDecodeRequests = alone
    ? 0.0
    : decodeRequests(batch, context, isl, finish, iterations, vllm);
  mixedSteps = alone ? 1.0 : finish;
  generationSteps = alone
    ? max(iterations - 1.0, 0.0)
    : long
    ? 0.0
    : iterations - finish;
  const tpotMixed = alone
    ? 0.0
    : long || vllm
    ? finish
    : max(1.0, finish - 3.0);

  let status = mixedStep(
    program,
    context,
    mixedDecodeRequests,
    isl,
    osl,
    prefix,
    drafts,
    false,
  );
  if (status != OK) return status;
  mixedMs = stepMs;
  const mixedEnergy = stepEnergy;
  aggFlags = stepFlags;
  let generationEnergy = 0.0;
  generationMs = 0.0;
  if (generationSteps > 0.0) {
    status = decodeStep(program, batch, isl, osl, drafts, false);
    if (status != OK) return status;
    generationMs = stepMs;
    generationEnergy = stepEnergy;
    aggFlags |= stepFlags;
  }

  const queueing = vllm
    ? (alone ? 1.0 : min(1.0 + Math.log2(batch) / 8.0, 2.0))
    : min(2.0 + (finish - 3.0) / 20.0, 4.0);
  ttftMs = (mixedMs * Math.ceil(isl / context) + layerOverheadMs) * queueing;
  const counted = tpotMixed + generationSteps;
  tpotMs = counted > 0.0
    ? (mixedMs * tpotMixed + generationMs * generationSteps) / counted
    : 0.0;
  requestMs = ttftMs + tpotMs * (osl - 1.0);
  const total = mixedSteps * mixedMs + generationSteps * generationMs;
  tokensPerSecond = 1000.0 / total * batch * (osl - 1.0);
  if (vllm) {
    tokensPerSecond = min(
      tokensPerSecond,
      batch * (osl - 1.0) * 1000.0 / requestMs,
    );
  }
  aggWatts = (mixedSteps * mixedEnergy + generationSteps * generationEnergy) /
    total;
  return OK;
}

function decodeRequests(
  batch: f64,
  context: f64,
  isl: f64,
  finish: f64,
  iterations: f64,
  vllm: bool,
): f64 {
  if (!vllm && finish >= iterations) {
    // Floor division as upstream's: of the batch by the rounded quotient, exactly.
    const share = finish / iterations;
    return max(1.0, nearest((batch - batch % share) / share));
  }
  return max(1.0, batch - Math.ceil(context / isl));
}
