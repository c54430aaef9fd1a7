/** From passes to what a worker does: static runs, mixed steps, aggregated serving (`aic-engine.md` §7). */

import { Role } from "./op";
import {
  contextPass,
  generationPass,
  passEnergy,
  passFlags,
  passMs,
  Program,
} from "./program";
import { OK } from "./status";

/** Latency, energy and flags of the step composed last. */
export let stepMs: f64 = 0.0;
export let stepEnergy: f64 = 0.0;
export let stepFlags: i32 = 0;

function addPass(divisor: f64): void {
  stepMs += passMs / divisor;
  stepEnergy += passEnergy / divisor;
  stepFlags |= passFlags;
}

function startStep(): void {
  stepMs = 0.0;
  stepEnergy = 0.0;
  stepFlags = 0;
}

/**
 * One forward pass that carries `context` prefill tokens and `decode` decode requests (§7.3).
 * @param drafts tokens that multi-token prediction drafts a request
 */
export function mixedStep(
  program: Program,
  context: f64,
  decode: f64,
  isl: f64,
  osl: f64,
  prefix: f64,
  drafts: f64,
): i32 {
  startStep();
  const requests = decode * (drafts + 1.0);
  const tokens = context + requests;
  const cached = prefix * Math.floor(context / isl);
  let status = contextPass(
    program,
    1.0,
    tokens,
    cached,
    Role.CONTEXT_ATTENTION,
    true,
  );
  if (status != OK) return status;
  addPass(1.0);
  if (context > 0.0) {
    const batch = Math.ceil(context / isl);
    status = contextPass(
      program,
      batch,
      isl,
      prefix,
      Role.CONTEXT_ATTENTION,
      false,
    );
    if (status != OK) return status;
    addPass(Math.ceil(isl / context));
  }
  if (decode > 0.0) {
    status = generationPass(
      program,
      requests,
      middleLength(isl, osl),
      Role.GENERATION_ATTENTION,
      false,
    );
    if (status != OK) return status;
    addPass(1.0);
  }
  return OK;
}

/** One forward pass with decode requests alone. */
export function decodeStep(
  program: Program,
  decode: f64,
  isl: f64,
  osl: f64,
  drafts: f64,
): i32 {
  startStep();
  if (!(decode > 0.0)) return OK;
  const status = generationPass(
    program,
    decode * (drafts + 1.0),
    middleLength(isl, osl),
    -1,
    false,
  );
  if (status == OK) addPass(1.0);
  return status;
}

/** KV length in the middle of a request's decode phase. */
function middleLength(isl: f64, osl: f64): f64 {
  return isl + Math.floor(osl / 2.0) + 1.0;
}
