/** From passes to what a worker does: static runs, mixed steps, aggregated serving (`aic-engine.md` §7). */

import { Role } from "./op";
import { addPassSums } from "./power_sums";
import {
  contextPass,
  generationPass,
  passEnergy,
  passFlags,
  passMs,
  Phase,
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
 * @param drafts tokens that multi-token prediction drafts a request; @param sums adds to the power sums (R17)
 */
export function mixedStep(
  program: Program,
  context: f64,
  decode: f64,
  isl: f64,
  osl: f64,
  prefix: f64,
  drafts: f64,
  sums: bool,
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
  if (sums) {
    addPassSums(
      program,
      Phase.CONTEXT,
      1.0,
      tokens - cached,
      cached,
      Role.CONTEXT_ATTENTION,
      true,
      1.0,
      1.0,
    );
  }
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
    const chunks = Math.ceil(isl / context);
    addPass(chunks);
    if (sums) {
      addPassSums(
        program,
        Phase.CONTEXT,
        batch,
        isl - prefix,
        prefix,
        Role.CONTEXT_ATTENTION,
        false,
        1.0,
        chunks,
      );
    }
  }
  if (decode > 0.0) {
    const length = middleLength(isl, osl);
    status = generationPass(
      program,
      requests,
      length,
      Role.GENERATION_ATTENTION,
      false,
    );
    if (status != OK) return status;
    addPass(1.0);
    if (sums) addDecodeSums(program, requests, length, Role.GENERATION_ATTENTION);
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
  sums: bool,
): i32 {
  startStep();
  if (!(decode > 0.0)) return OK;
  const requests = decode * (drafts + 1.0);
  const length = middleLength(isl, osl);
  const status = generationPass(program, requests, length, -1, false);
  if (status != OK) return status;
  addPass(1.0);
  if (sums) addDecodeSums(program, requests, length, -1);
  return OK;
}

function addDecodeSums(
  program: Program,
  requests: f64,
  length: f64,
  role: i32,
): void {
  addPassSums(
    program,
    Phase.GENERATION,
    requests,
    length,
    0.0,
    role,
    false,
    1.0,
    1.0,
  );
}

/** KV length in the middle of a request's decode phase. */
function middleLength(isl: f64, osl: f64): f64 {
  return isl + Math.floor(osl / 2.0) + 1.0;
}
