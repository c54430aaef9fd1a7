/** Where the fake library's state file has what; the same table as the structs in `nvml_fake.c`. @module */

export const PAGE_BYTES = 4096;
export const MAX_GPUS = 16;
export const MAGIC = 0x4c4d564e;
export const FOREVER = 0xffffffff;

/** Calls in the order of the C enum: faults, delays, hangs and counters are addressed by it. */
export const FAKE_CALLS = [
  "init",
  "shutdown",
  "count",
  "handle",
  "uuid",
  "name",
  "minor",
  "mig_mode",
  "mig_count",
  "mig_handle",
  "get_limit",
  "set_limit",
  "enforced",
  "default",
  "constraints",
  "draw",
  "energy",
  "reasons",
  "violation",
  "persistence",
  "compute",
  "graphics",
  "mps",
  "driver_version",
  "nvml_version",
] as const;
export type FakeCall = typeof FAKE_CALLS[number];

/** Byte offsets in the header page. */
export const HEADER = {
  magic: 0,
  gpuCount: 8,
  driverLoaded: 12,
  session: 16,
  driverVersion: 64,
  nvmlVersion: 144,
  faults: 224,
} as const;

/** Byte offsets of the 32-bit numbers in a GPU's page. */
export const GPU_U32 = {
  minor: 192,
  lost: 196,
  limitMilliwatts: 200,
  outOfBandMilliwatts: 204,
  defaultMilliwatts: 208,
  minMilliwatts: 212,
  maxMilliwatts: 216,
  drawMilliwatts: 220,
  persistence: 248,
  mig: 252,
  setCount: 256,
  silentClampMilliwatts: 260,
  ignoreSets: 264,
  roundMilliwatts: 268,
  driftAfterReads: 272,
  driftToMilliwatts: 276,
  unsupported: 280,
  computeCount: 284,
  graphicsCount: 288,
  mpsCount: 292,
  migCount: 1384,
} as const;
export type GpuField = keyof typeof GPU_U32;

/** Byte offsets of the 64-bit numbers in a GPU's page. */
export const GPU_U64 = {
  energyMillijoules: 224,
  violationNanoseconds: 232,
  reasons: 240,
} as const;

/** Byte offsets of texts and lists in a GPU's page. */
export const GPU_LISTS = {
  uuid: 0,
  name: 96,
  compute: 296,
  graphics: 1256,
  mps: 1320,
  migUuid: 1392,
  faults: 1776,
  sets: 3056,
} as const;

/** Length of the ring of set limits. */
export const SETS_KEPT = 100;

/** Offsets within a block of faults. */
export const FAULTS = {
  code: 0,
  remaining: 256,
  delayMs: 512,
  hang: 768,
  calls: 1024,
} as const;
