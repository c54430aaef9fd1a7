/** Reads every GPU's limit every few milliseconds, in a thread of its own, and sums what may be drawn. @module */

import { parentPort } from "node:worker_threads";
import { GPU_U32, HEADER, PAGE_BYTES } from "../../nvml_fake/layout.ts";
import type { SamplerRequest, Samples } from "./sampler.ts";

const EVERY_MS = 2;
/** Milliwatts are whole; a sum of whole watts has no dust. */
const TOLERANCE_WATTS = 0.001;

let files: Deno.FsFile[] = [];
let allowedWatts = Infinity;
let samples = none();
let lastAtMs = performance.now();

function none(): Samples {
  return {
    samples: 0,
    largestWatts: 0,
    violations: 0,
    worstExcessWatts: 0,
    longestGapMs: 0,
  };
}

/** Watts that the node's GPUs may draw now: limits of those that have a process. */
function drawable(file: Deno.FsFile): number {
  file.seekSync(0, Deno.SeekMode.Start);
  const header = read(file);
  const count = header.getUint32(HEADER.gpuCount, true);
  let milliwatts = 0;
  for (let gpu = 0; gpu < count; gpu++) {
    const page = read(file);
    if (page.getUint32(GPU_U32.computeCount, true) === 0) continue;
    milliwatts += Math.max(
      page.getUint32(GPU_U32.limitMilliwatts, true),
      page.getUint32(GPU_U32.outOfBandMilliwatts, true),
    );
  }
  return milliwatts / 1000;
}

function read(file: Deno.FsFile): DataView {
  const bytes = new Uint8Array(PAGE_BYTES);
  file.readSync(bytes);
  return new DataView(bytes.buffer);
}

function sample(): void {
  const watts = files.reduce((sum, file) => sum + drawable(file), 0);
  const nowMs = performance.now();
  const excess = watts - allowedWatts;
  const violated = excess > TOLERANCE_WATTS;
  samples = {
    samples: samples.samples + 1,
    largestWatts: Math.max(samples.largestWatts, watts),
    violations: samples.violations + (violated ? 1 : 0),
    worstExcessWatts: Math.max(
      samples.worstExcessWatts,
      violated ? excess : 0,
    ),
    longestGapMs: Math.max(samples.longestGapMs, nowMs - lastAtMs),
  };
  lastAtMs = nowMs;
}

parentPort?.on("message", (request: SamplerRequest) => {
  switch (request.kind) {
    case "watch":
      files = request.files.map((path) => Deno.openSync(path, { read: true }));
      break;
    case "allow":
      allowedWatts = request.watts;
      break;
    case "take":
      parentPort?.postMessage(samples);
      samples = none();
      lastAtMs = performance.now();
      break;
  }
});

setInterval(sample, EVERY_MS);
