/** What one GPU system is: the hardware facts that every formula of the model uses. @module */

/** Tensor-core data types that have a rate of their own. */
export type ComputeDtype = "bfloat16" | "int8" | "fp8" | "fp4";

/**
 * One GPU system (`aic-engine.md` §1.3). All sizes in bytes, rates in bytes/s and FLOP/s per GPU, one
 * direction, latencies in seconds, power in watts.
 */
export interface SystemSpec {
  readonly name: string;
  readonly memoryBandwidthBytesPerSecond: number;
  /** Share of the bandwidth that memory operators reach; 1 when the source has none. */
  readonly memoryBandwidthScale: number;
  /** Constant part of a memory operator, seconds; 0 when the source has none. */
  readonly memoryConstantSeconds: number;
  readonly memoryCapacityBytes: number;
  /** Dense rates; a type without a positive finite rate is absent. */
  readonly flopsPerSecond: Readonly<Partial<Record<ComputeDtype, number>>>;
  readonly tdpWatts: number;
  /** 80 Ampere, 90 Hopper, 100 Blackwell. */
  readonly smVersion: number;
  readonly gpusPerNode: number;
  /** Absent: no rack limit. */
  readonly gpusPerRack?: number;
  readonly intraNodeBytesPerSecond: number;
  readonly interNodeBytesPerSecond: number;
  readonly interRackBytesPerSecond?: number;
  readonly pcieBytesPerSecond: number;
  readonly p2pLatencySeconds: number;
  /** NCCL buffers by GPUs (1, 2, 4, 8), bytes. */
  readonly ncclMemoryBytes: Readonly<Record<string, number>>;
  readonly otherMemoryBytes: number;
}
