/** Questions to one GPU, each a handful of NVML calls, every fault a value. @module */

import {
  AGENT_NVML_ERRORS,
  type Clock,
  type GpuLimits,
  type GpuProcess,
  type GpuTelemetry,
  type LimitsDepth,
  type NvmlError,
  type NvmlResult,
} from "../ports.ts";
import type { NvmlArgument } from "./binder.ts";
import {
  ABSENT_CODES,
  NVML_ERROR_INSUFFICIENT_SIZE,
  throttleReasonNames,
} from "./codes.ts";
import type { CallLanes, CallOutcome } from "./lanes.ts";
import {
  type NvmlSymbolName,
  PERF_POLICY_POWER,
  PROCESS_LISTS,
} from "./symbols.ts";
import { Out, OutPool, TEXT_BYTES, wattsOf } from "./values.ts";

type Bounds = Pick<GpuLimits, "defaultWatts" | "minWatts" | "maxWatts">;

const NO_BOUNDS: Bounds = {
  defaultWatts: undefined,
  minWatts: undefined,
  maxWatts: undefined,
};

/** Graphics and MPS contexts are read this often: a younger PID proves nothing anyway (decision 0153). */
const OTHERS_MS = 1_000;
/** The enforced limit is read this often where nothing is decided by it (C20), milliseconds. */
const ENFORCED_MS = 1_000;

/** Processes that the first buffer of a list has room for. */
const ROOM = 64;

/** A GPU that can be called: where its handle is, and in which lane its calls wait for each other. */
export class Device {
  /** Default and range, as last read. */
  #bounds: Bounds = NO_BOUNDS;
  /** The enforced limit, as last read. */
  #enforcedWatts: number | undefined;
  #enforcedDueMs = -Infinity;
  /** PIDs with graphics and MPS contexts, as last read. */
  #others: readonly number[] = [];
  #othersDueMs = -Infinity;
  /** Place of the form of each list that the driver answers. */
  readonly #form = new Map<keyof typeof PROCESS_LISTS, number>();
  readonly #words = new OutPool(8);
  readonly #lists = new Map<number, OutPool>();

  constructor(
    private readonly lanes: CallLanes,
    readonly lane: string,
    private readonly handle: bigint,
    private readonly has: (name: NvmlSymbolName) => boolean,
    private readonly clock: Clock,
  ) {}

  /** Management and enforced limit, default and range. Fails only when the management limit cannot be read. */
  async limits(depth: LimitsDepth): Promise<NvmlResult<GpuLimits>> {
    const management = await this.#u32("nvmlDeviceGetPowerManagementLimit");
    if (!management.ok) return management;
    const managementWatts = wattsOf(management.value);
    if (managementWatts === undefined) {
      return implausible("nvmlDeviceGetPowerManagementLimit");
    }
    if (depth !== "management" || this.clock.now() >= this.#enforcedDueMs) {
      const enforced = await this.#u32("nvmlDeviceGetEnforcedPowerLimit");
      if (isUnreachable(enforced)) return enforced;
      this.#enforcedWatts = enforced.ok ? wattsOf(enforced.value) : undefined;
      this.#enforcedDueMs = this.clock.now() + ENFORCED_MS;
    }
    if (depth === "all" || this.#bounds.minWatts === undefined) {
      const read = await this.#readBounds();
      if (!read.ok) return read;
      this.#bounds = read.value;
    }
    return {
      ok: true,
      value: {
        managementWatts,
        enforcedWatts: this.#enforcedWatts,
        ...this.#bounds,
      },
    };
  }

  async #readBounds(): Promise<NvmlResult<Bounds>> {
    const preset = await this.#u32("nvmlDeviceGetPowerManagementDefaultLimit");
    if (isUnreachable(preset)) return preset;
    const min = Out.u32();
    const max = Out.u32();
    const range = await this.#call(
      "nvmlDeviceGetPowerManagementLimitConstraints",
      min.bytes,
      max.bytes,
    );
    if (isUnreachable(range)) return range;
    return {
      ok: true,
      value: {
        defaultWatts: preset.ok ? wattsOf(preset.value) : undefined,
        minWatts: range.ok ? wattsOf(min.u32()) : undefined,
        maxWatts: range.ok ? wattsOf(max.u32()) : undefined,
      },
    };
  }

  /**
   * Sets the management limit, whole milliwatts, after proof that the handle still is `uuid` (W6): handles may point
   * to another GPU after a reset.
   */
  async setLimit(uuid: string, watts: number): Promise<NvmlResult<undefined>> {
    const now = await this.text("nvmlDeviceGetUUID");
    if (!now.ok) return now;
    if (now.value !== uuid) {
      return {
        ok: false,
        error: {
          name: AGENT_NVML_ERRORS.identity,
          code: undefined,
          call: "nvmlDeviceSetPowerManagementLimit",
        },
      };
    }
    // It moves with the limit.
    this.#enforcedDueMs = -Infinity;
    return await this.#call(
      "nvmlDeviceSetPowerManagementLimit",
      Math.round(watts * 1000),
    );
  }

  /** Every PID once, whatever kind of context it has. Graphics and MPS lists are taken when the library has them. */
  async processes(): Promise<NvmlResult<readonly GpuProcess[]>> {
    const compute = await this.#list("compute");
    if (!compute.ok) return compute;
    if (this.clock.now() >= this.#othersDueMs) {
      const others = await this.#otherPids();
      if (!others.ok) return others;
      this.#others = others.value;
      this.#othersDueMs = this.clock.now() + OTHERS_MS;
    }
    const pids = new Set([...compute.value, ...this.#others]);
    return { ok: true, value: [...pids].map((pid) => ({ pid })) };
  }

  async #otherPids(): Promise<NvmlResult<readonly number[]>> {
    const pids: number[] = [];
    for (const kind of ["graphics", "mps"] as const) {
      const list = await this.#list(kind);
      if (list.ok) pids.push(...list.value);
      else if (!isAbsent(list.error)) return list;
    }
    return { ok: true, value: pids };
  }

  async telemetry(): Promise<NvmlResult<GpuTelemetry>> {
    const draw = await this.#u32("nvmlDeviceGetPowerUsage");
    if (isUnreachable(draw)) return draw;
    const energy = await this.#u64("nvmlDeviceGetTotalEnergyConsumption");
    const reasons = await this.#u64(
      this.has("nvmlDeviceGetCurrentClocksEventReasons")
        ? "nvmlDeviceGetCurrentClocksEventReasons"
        : "nvmlDeviceGetCurrentClocksThrottleReasons",
    );
    const violation = new Out(16);
    const violated = await this.#call(
      "nvmlDeviceGetViolationStatus",
      PERF_POLICY_POWER,
      violation.bytes,
    );
    const persistence = await this.#u32("nvmlDeviceGetPersistenceMode");
    return {
      ok: true,
      value: {
        drawWatts: draw.ok ? wattsOf(draw.value) : undefined,
        energyJoules: energy.ok ? Number(energy.value) / 1000 : undefined,
        throttleReasons: reasons.ok
          ? throttleReasonNames(reasons.value)
          : undefined,
        powerViolationNanoseconds: violated.ok ? violation.u64(8) : undefined,
        persistenceMode: persistence.ok ? persistence.value === 1 : undefined,
      },
    };
  }

  /** Reads a text property. */
  async text(name: NvmlSymbolName): Promise<NvmlResult<string>> {
    const out = new Out(TEXT_BYTES);
    const result = await this.#call(name, out.bytes, TEXT_BYTES);
    return result.ok ? { ok: true, value: out.text() } : result;
  }

  async name(): Promise<string> {
    const name = await this.text("nvmlDeviceGetName");
    return name.ok ? name.value : "unknown";
  }

  async minor(): Promise<number | undefined> {
    const minor = await this.#u32("nvmlDeviceGetMinorNumber");
    return minor.ok ? minor.value : undefined;
  }

  /** Whether MIG is on, and its slices. A GPU without MIG is no fault. */
  async mig(): Promise<{ on: boolean; uuids: string[] }> {
    const current = Out.u32();
    const pending = Out.u32();
    const mode = await this.#call(
      "nvmlDeviceGetMigMode",
      current.bytes,
      pending.bytes,
    );
    if (!mode.ok || current.u32() === 0) return { on: false, uuids: [] };
    const count = await this.#u32("nvmlDeviceGetMaxMigDeviceCount");
    const uuids: string[] = [];
    for (let i = 0; i < (count.ok ? count.value : 0); i++) {
      const slice = new Out(8);
      const found = await this.#call(
        "nvmlDeviceGetMigDeviceHandleByIndex",
        i,
        slice.bytes,
      );
      if (!found.ok) continue;
      const device = new Device(
        this.lanes,
        this.lane,
        slice.u64(),
        this.has,
        this.clock,
      );
      const uuid = await device.text("nvmlDeviceGetUUID");
      if (uuid.ok) uuids.push(uuid.value);
    }
    return { on: true, uuids };
  }

  /** The newest form of a list that library and driver both have: a library may be newer than its driver. */
  async #list(
    kind: keyof typeof PROCESS_LISTS,
  ): Promise<NvmlResult<number[]>> {
    const forms = PROCESS_LISTS[kind].filter(({ name }) => this.has(name));
    let result: NvmlResult<number[]> = missing(PROCESS_LISTS[kind][0]!.name);
    for (const { name, stride } of forms.slice(this.#form.get(kind) ?? 0)) {
      result = await this.#pids(name, stride);
      if (result.ok || !isAbsent(result.error)) break;
      const next = forms.findIndex((form) => form.name === name) + 1;
      if (next < forms.length) this.#form.set(kind, next);
    }
    return result;
  }

  /** Asks again with more room while the list grows between two calls. */
  async #pids(
    name: NvmlSymbolName,
    stride: number,
  ): Promise<NvmlResult<number[]>> {
    let room = ROOM;
    for (let attempt = 0;; attempt++) {
      const pool = this.#listPool(room * stride);
      const count = this.#words.take().setU32(room);
      const infos = pool.take();
      const result = await this.#call(name, count.bytes, infos.bytes);
      const n = Math.min(count.u32(), room);
      const pids: number[] = [];
      for (let i = 0; result.ok && i < n; i++) pids.push(infos.u32(i * stride));
      if (hasReturned(result)) {
        this.#words.giveBack(count);
        pool.giveBack(infos);
      }
      if (result.ok) return { ok: true, value: pids };
      if (result.error.code !== NVML_ERROR_INSUFFICIENT_SIZE || attempt >= 3) {
        return result;
      }
      room = Math.min(Math.max(count.u32(), room) * 2, 65_536);
    }
  }

  #listPool(bytes: number): OutPool {
    let pool = this.#lists.get(bytes);
    if (!pool) this.#lists.set(bytes, pool = new OutPool(bytes));
    return pool;
  }

  async #u32(name: NvmlSymbolName): Promise<NvmlResult<number>> {
    const out = this.#words.take();
    const result = await this.#call(name, out.bytes);
    if (!hasReturned(result)) return result;
    const value = out.u32();
    this.#words.giveBack(out);
    return result.ok ? { ok: true, value } : result;
  }

  async #u64(name: NvmlSymbolName): Promise<NvmlResult<bigint>> {
    const out = this.#words.take();
    const result = await this.#call(name, out.bytes);
    if (!hasReturned(result)) return result;
    const value = out.u64();
    this.#words.giveBack(out);
    return result.ok ? { ok: true, value } : result;
  }

  #call(
    name: NvmlSymbolName,
    ...args: readonly NvmlArgument[]
  ): Promise<CallOutcome> {
    return this.lanes.call(this.lane, name, this.handle, ...args);
  }
}

/** The library has returned, with whatever code: it writes into no buffer of this call any more. */
function hasReturned(
  result: CallOutcome,
): result is
  | Extract<CallOutcome, { ok: true }>
  | { readonly ok: false; readonly error: NvmlError } {
  return result.ok || result.error.code !== undefined;
}

/** The device did not answer at all: whatever else it is asked, nothing will be known of it. */
function isUnreachable<T>(
  result: NvmlResult<T>,
): result is { readonly ok: false; readonly error: NvmlError } {
  return !result.ok && result.error.code === undefined &&
    !isAbsent(result.error);
}

/** The device or library cannot: an absent value. */
function isAbsent(error: NvmlError): boolean {
  return error.name === AGENT_NVML_ERRORS.missing ||
    error.code !== undefined && ABSENT_CODES.has(error.code);
}

function missing(call: string): { ok: false; error: NvmlError } {
  return {
    ok: false,
    error: { name: AGENT_NVML_ERRORS.missing, code: undefined, call },
  };
}

function implausible(call: string): { ok: false; error: NvmlError } {
  return {
    ok: false,
    error: { name: AGENT_NVML_ERRORS.implausible, code: undefined, call },
  };
}
