/** GPUs that exist only in memory, for `--nvml simulated`: a laptop runs the whole agent, and unit tests its faults. @module */

import {
  type DriverInfo,
  type Enumeration,
  type GpuIdentity,
  type GpuLimits,
  type GpuProcess,
  type GpuTelemetry,
  type Nvml,
  type NvmlError,
  type NvmlResult,
} from "../ports.ts";
import { nvmlCodeName } from "./codes.ts";

/** The parts of {@linkcode Nvml} that a fault can be put on. */
export type FaultyCall =
  | "enumerate"
  | "limits"
  | "setLimit"
  | "processes"
  | "telemetry";

/** One simulated GPU. Tests change it at will. */
export interface SimulatedGpu {
  uuid: string;
  index: number;
  model: string;
  managementWatts: number;
  /** Limit that something outside the driver enforces. */
  outOfBandWatts: number | undefined;
  defaultWatts: number | undefined;
  minWatts: number | undefined;
  maxWatts: number | undefined;
  drawWatts: number;
  persistenceMode: boolean;
  pids: number[];
  violationNanoseconds: bigint;
  /** Every limit that was set, watts, oldest first. */
  sets: number[];
  /** What a set makes of the watts asked for; the identity when undefined. */
  respond: ((watts: number) => number) | undefined;
  /** NVML code that a call answers instead. */
  faults: Partial<Record<FaultyCall, number>>;
  mig: boolean;
}

/** A simulated GPU with a plausible H200's figures. */
export function simulatedGpu(
  index: number,
  change: Partial<SimulatedGpu> = {},
): SimulatedGpu {
  return {
    uuid: `GPU-51000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
    index,
    model: "Simulated H200",
    managementWatts: 700,
    outOfBandWatts: undefined,
    defaultWatts: 700,
    minWatts: 200,
    maxWatts: 700,
    drawWatts: 75,
    persistenceMode: true,
    pids: [],
    violationNanoseconds: 0n,
    sets: [],
    respond: undefined,
    faults: {},
    mig: false,
    ...change,
  };
}

/** {@linkcode Nvml} over {@linkcode SimulatedGpu}s. */
export class SimulatedNvml implements Nvml {
  driver: DriverInfo = {
    library: "simulated",
    driverVersion: "simulated",
    nvmlVersion: "simulated",
    session: 1,
  };

  constructor(readonly gpus: SimulatedGpu[]) {}

  enumerate(): Promise<NvmlResult<Enumeration>> {
    const gpus: GpuIdentity[] = [];
    const faults: { index: number; error: NvmlError }[] = [];
    for (const gpu of this.gpus) {
      const code = gpu.faults.enumerate;
      if (code === undefined) {
        const { uuid, index, model, mig } = gpu;
        gpus.push({ uuid, index, model, minor: index, mig, migUuids: [] });
      } else faults.push({ index: gpu.index, error: fault(code, "enumerate") });
    }
    const value = { gpus, faults, complete: faults.length === 0 };
    return Promise.resolve({ ok: true, value });
  }

  limits(uuid: string): Promise<NvmlResult<GpuLimits>> {
    return this.#on(uuid, "limits", (gpu) => ({
      managementWatts: gpu.managementWatts,
      enforcedWatts: Math.min(
        gpu.managementWatts,
        gpu.outOfBandWatts ?? Infinity,
      ),
      defaultWatts: gpu.defaultWatts,
      minWatts: gpu.minWatts,
      maxWatts: gpu.maxWatts,
    }));
  }

  setLimit(uuid: string, watts: number): Promise<NvmlResult<undefined>> {
    return this.#on(uuid, "setLimit", (gpu) => {
      gpu.sets.push(watts);
      gpu.managementWatts = gpu.respond ? gpu.respond(watts) : watts;
      return undefined;
    });
  }

  processes(uuid: string): Promise<NvmlResult<readonly GpuProcess[]>> {
    return this.#on(
      uuid,
      "processes",
      (gpu) => gpu.pids.map((pid) => ({ pid })),
    );
  }

  telemetry(uuid: string): Promise<NvmlResult<GpuTelemetry>> {
    return this.#on(uuid, "telemetry", (gpu) => ({
      drawWatts: Math.min(gpu.drawWatts, gpu.managementWatts),
      energyJoules: undefined,
      throttleReasons: gpu.drawWatts > gpu.managementWatts
        ? ["sw_power_cap"]
        : [],
      powerViolationNanoseconds: gpu.violationNanoseconds,
      persistenceMode: gpu.persistenceMode,
    }));
  }

  hung(): ReadonlySet<string> {
    return new Set();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #on<T>(
    uuid: string,
    call: FaultyCall,
    answer: (gpu: SimulatedGpu) => T,
  ): Promise<NvmlResult<T>> {
    const gpu = this.gpus.find((one) => one.uuid === uuid);
    const code = gpu ? gpu.faults[call] : 6;
    if (!gpu || code !== undefined) {
      return Promise.resolve({ ok: false, error: fault(code ?? 6, call) });
    }
    return Promise.resolve({ ok: true, value: answer(gpu) });
  }
}

function fault(code: number, call: string): NvmlError {
  return { name: nvmlCodeName(code), code, call };
}
