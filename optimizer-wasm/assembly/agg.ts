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

/** Mixed steps that the inter-token latency counts. */
let countedMixedSteps: f64 = 0.0;

/**
 * How often each kind of step runs, from the batch alone.
 * @param vllm whether the backend schedules as vllm does; trtllm and sglang differ in three rules
 */
export function schedule(
  batch: f64,
  context: f64,
  isl: f64,
  osl: f64,
  vllm: bool,
): void {
  const finish = Math.ceil(isl * batch / context);
  const alone = batch <= 1.0;
  const long = finish >= osl;
  mixedDecodeRequests = alone
    ? 0.0
    : decodeRequests(batch, context, isl, finish, osl, vllm);
  mixedSteps = alone ? 1.0 : finish;
  generationSteps = alone ? max(osl - 1.0, 0.0) : long ? 0.0 : osl - finish;
  countedMixedSteps = alone
    ? 0.0
    : long || vllm
    ? finish
    : max(1.0, finish - 3.0);
}

/** What a request waits in front of its prefill, as a factor on it. */
function queueingOf(batch: f64, context: f64, isl: f64, vllm: bool): f64 {
  if (vllm) {
    return batch <= 1.0 ? 1.0 : min(1.0 + Math.log2(batch) / 8.0, 2.0);
  }
  return min(2.0 + (Math.ceil(isl * batch / context) - 3.0) / 20.0, 4.0);
}

/**
 * Latencies and throughput from the time of the two kinds of step, after `schedule`.
 * @param overheadMs dispatch overhead of the backend over all layers, ms
 * @param queued whether a request waits in front of its prefill
 */
export function serve(
  batch: f64,
  context: f64,
  isl: f64,
  osl: f64,
  vllm: bool,
  overheadMs: f64,
  queued: bool,
  mixed: f64,
  generation: f64,
): void {
  const queueing = queued ? queueingOf(batch, context, isl, vllm) : 1.0;
  ttftMs = (mixed * Math.ceil(isl / context) + overheadMs) * queueing;
  const counted = countedMixedSteps + generationSteps;
  tpotMs = counted > 0.0
    ? (mixed * countedMixedSteps + generation * generationSteps) / counted
    : 0.0;
  requestMs = ttftMs + tpotMs * (osl - 1.0);
  const total = mixedSteps * mixed + generationSteps * generation;
  tokensPerSecond = 1000.0 / total * batch * (osl - 1.0);
  if (vllm) {
    tokensPerSecond = min(
      tokensPerSecond,
      batch * (osl - 1.0) * 1000.0 / requestMs,
    );
  }
}

/** Aggregated serving of `batch` requests with `context` prompt tokens in a mixed step. */
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
  schedule(batch, context, isl, osl, vllm);
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
  serve(
    batch,
    context,
    isl,
    osl,
    vllm,
    layerOverheadMs,
    true,
    mixedMs,
    generationMs,
  );
  aggWatts = (mixedSteps * mixedEnergy + generationSteps * generationEnergy) /
    (mixedSteps * mixedMs + generationSteps * generationMs);
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
