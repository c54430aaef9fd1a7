/** The hardware description of a system (`aic-engine.md` §1.3). @module */

import { posix } from "node:path";
import { z } from "zod";
import type { ComputeDtype, SystemSpec } from "../system_spec.ts";
import { parseYaml } from "./parse_yaml.ts";

const positive = z.number().positive();
const notNegative = z.number().nonnegative();
/** Upstream writes library versions as text, and now and then as a number. */
const versionName = z.union([z.string(), z.number()]).transform(String);

const schema = z.object({
  data_dir: z.string(),
  gpu: z.looseObject({
    mem_bw: positive,
    mem_bw_empirical_scaling_factor: positive.default(1),
    mem_empirical_constant_latency: notNegative.default(0),
    mem_capacity: positive,
    power: positive,
    // Absent on GPUs that are not Nvidia's.
    sm_version: z.number().int().nonnegative().default(0),
    bfloat16_tc_flops: z.unknown().optional(),
    int8_tc_flops: z.unknown().optional(),
    fp8_tc_flops: z.unknown().optional(),
    fp4_tc_flops: z.unknown().optional(),
  }),
  node: z.object({
    num_gpus_per_node: z.number().int().positive(),
    num_gpus_per_rack: z.number().int().positive().optional(),
    intra_node_bw: positive,
    inter_node_bw: positive,
    inter_rack_bw: positive.optional(),
    pcie_bw: positive,
    p2p_latency: notNegative,
  }),
  misc: z.object({
    nccl_mem: z.record(z.string(), notNegative).default({}),
    other_mem: notNegative.default(0),
    nccl_version: versionName.optional(),
    oneccl_version: versionName.optional(),
  }).default({ nccl_mem: {}, other_mem: 0 }),
});

/** A system of a source: its facts and where its tables are. */
export interface SystemSource {
  readonly spec: SystemSpec;
  /** Folder of its tables below the package, `systems/data/h200_sxm`. */
  readonly dataFolder: string;
  readonly ncclVersion: string | null;
  readonly onecclVersion: string | null;
}

/** Whether a yaml file in `systems/` describes a system; the others there say so by having no `data_dir`. */
export function describesSystem(text: string): boolean {
  return /^data_dir\s*:/m.test(text);
}

/**
 * Reads a system's yaml.
 *
 * @param name the file's stem
 * @throws {WattkeeperError} `invalid_file`
 */
export function readSystemYaml(
  name: string,
  text: string,
  where: string,
): SystemSource {
  const { data_dir, gpu, node, misc } = parseYaml({ text, where, schema });
  const flops: Partial<Record<ComputeDtype, number>> = {};
  for (const dtype of ["bfloat16", "int8", "fp8", "fp4"] as const) {
    const rate = gpu[`${dtype}_tc_flops`];
    if (typeof rate === "number" && Number.isFinite(rate) && rate > 0) {
      flops[dtype] = rate;
    }
  }
  return {
    dataFolder: posix.join("systems", data_dir).replace(/\/$/, ""),
    ncclVersion: misc.nccl_version ?? null,
    onecclVersion: misc.oneccl_version ?? null,
    spec: {
      name,
      memoryBandwidthBytesPerSecond: gpu.mem_bw,
      memoryBandwidthScale: gpu.mem_bw_empirical_scaling_factor,
      memoryConstantSeconds: gpu.mem_empirical_constant_latency,
      memoryCapacityBytes: gpu.mem_capacity,
      flopsPerSecond: flops,
      tdpWatts: gpu.power,
      smVersion: gpu.sm_version,
      gpusPerNode: node.num_gpus_per_node,
      ...(node.num_gpus_per_rack === undefined
        ? {}
        : { gpusPerRack: node.num_gpus_per_rack }),
      intraNodeBytesPerSecond: node.intra_node_bw,
      interNodeBytesPerSecond: node.inter_node_bw,
      ...(node.inter_rack_bw === undefined
        ? {}
        : { interRackBytesPerSecond: node.inter_rack_bw }),
      pcieBytesPerSecond: node.pcie_bw,
      p2pLatencySeconds: node.p2p_latency,
      ncclMemoryBytes: misc.nccl_mem,
      otherMemoryBytes: misc.other_mem,
    },
  };
}
