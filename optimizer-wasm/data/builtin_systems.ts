/**
 * GPU systems that need no import (R54): public specifications (dense rates, memory, links, TDP) and the buffer sizes
 * of `aic-engine.md` §1.3.
 * @module
 */

import type { SystemSpec } from "./system_spec.ts";

const TERA = 1e12;
const GIGA = 1e9;

const SHARED = {
  memoryBandwidthScale: 0.8,
  memoryConstantSeconds: 3e-6,
  p2pLatencySeconds: 1e-5,
  ncclMemoryBytes: {
    "1": 0,
    "2": 358_612_992,
    "4": 411_041_792,
    "8": 411_041_792,
  },
  otherMemoryBytes: 3_758_096_384,
};

const HOPPER_NODE = {
  tdpWatts: 700,
  smVersion: 90,
  gpusPerNode: 8,
  flopsPerSecond: {
    bfloat16: 989 * TERA,
    int8: 1978 * TERA,
    fp8: 1978 * TERA,
  },
  intraNodeBytesPerSecond: 450 * GIGA,
  interNodeBytesPerSecond: 50 * GIGA,
  pcieBytesPerSecond: 64 * GIGA,
};

const LIST: readonly SystemSpec[] = [
  {
    ...SHARED,
    name: "a100_sxm",
    tdpWatts: 400,
    smVersion: 80,
    gpusPerNode: 8,
    memoryBandwidthBytesPerSecond: 2.039 * TERA,
    memoryCapacityBytes: 85_899_345_920,
    flopsPerSecond: { bfloat16: 312 * TERA, int8: 624 * TERA },
    intraNodeBytesPerSecond: 300 * GIGA,
    interNodeBytesPerSecond: 25 * GIGA,
    pcieBytesPerSecond: 32 * GIGA,
  },
  {
    ...SHARED,
    ...HOPPER_NODE,
    name: "h100_sxm",
    memoryBandwidthBytesPerSecond: 3.35 * TERA,
    memoryCapacityBytes: 85_899_345_920,
  },
  {
    ...SHARED,
    ...HOPPER_NODE,
    name: "h200_sxm",
    memoryBandwidthBytesPerSecond: 4.8 * TERA,
    memoryCapacityBytes: 151_397_597_184,
  },
  {
    ...SHARED,
    name: "b200_sxm",
    tdpWatts: 1000,
    smVersion: 100,
    gpusPerNode: 8,
    memoryBandwidthBytesPerSecond: 7.7 * TERA,
    memoryCapacityBytes: 193_273_528_320,
    flopsPerSecond: {
      bfloat16: 2250 * TERA,
      int8: 4500 * TERA,
      fp8: 4500 * TERA,
      fp4: 9000 * TERA,
    },
    intraNodeBytesPerSecond: 900 * GIGA,
    interNodeBytesPerSecond: 100 * GIGA,
    pcieBytesPerSecond: 128 * GIGA,
  },
  {
    ...SHARED,
    name: "gb200",
    tdpWatts: 1200,
    smVersion: 100,
    gpusPerNode: 4,
    gpusPerRack: 72,
    memoryBandwidthBytesPerSecond: 8 * TERA,
    memoryCapacityBytes: 198_674_743_296,
    flopsPerSecond: {
      bfloat16: 2500 * TERA,
      int8: 5000 * TERA,
      fp8: 5000 * TERA,
      fp4: 10_000 * TERA,
    },
    intraNodeBytesPerSecond: 900 * GIGA,
    interNodeBytesPerSecond: 900 * GIGA,
    interRackBytesPerSecond: 100 * GIGA,
    pcieBytesPerSecond: 64 * GIGA,
  },
];

/** Built-in systems by name. */
export const BUILTIN_SYSTEMS: Readonly<Record<string, SystemSpec>> = Object
  .fromEntries(LIST.map((system) => [system.name, system]));
