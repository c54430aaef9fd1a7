/** A question as it was asked: what is needed to ask it again. */

import { Program } from "./program";

@unmanaged
export class Question {
  program: Program;
  phase: i32;
  batch: f64;
  /** Input length (context), KV length (one decode step) or input length (all decode steps). */
  length: f64;
  prefix: f64;
  /** 0 for a single pass. */
  osl: i32;
  stride: i32;
  /** The operators do not have their figures yet. */
  pending: bool;

  set(
    program: Program,
    phase: i32,
    batch: f64,
    length: f64,
    prefix: f64,
    osl: i32,
    stride: i32,
  ): void {
    this.program = program;
    this.phase = phase;
    this.batch = batch;
    this.length = length;
    this.prefix = prefix;
    this.osl = osl;
    this.stride = stride;
    this.pending = true;
  }
}
