/** The {@linkcode Nvml} port over a real library: finds GPUs, keeps the session, survives a driver reload. @module */

import {
  AGENT_NVML_ERRORS,
  type Clock,
  type DriverInfo,
  type Enumeration,
  type GpuIdentity,
  type GpuLimits,
  type GpuProcess,
  type GpuTelemetry,
  type LimitsDepth,
  type Nvml,
  type NvmlError,
  type NvmlResult,
} from "../ports.ts";
import type { BoundLibrary, NvmlBinder } from "./binder.ts";
import { NVML_ERROR_NOT_SUPPORTED, SESSION_LOST_CODES } from "./codes.ts";
import { Device } from "./device.ts";
import { CallLanes } from "./lanes.ts";
import { type NvmlSymbolName, REQUIRED_SYMBOLS } from "./symbols.ts";
import { Out, TEXT_BYTES } from "./values.ts";

/** Lane of calls that are not about one GPU. */
const SYSTEM = "system";
/** After this a device call is given up; a healthy one takes microseconds, a waking driver a second or two. */
const DEADLINE_MS = 3_000;

/** A GPU and how to call it. */
interface Known {
  readonly identity: GpuIdentity;
  readonly device: Device;
}

/** How to open a library. */
export interface NativeNvmlOptions {
  readonly binder: NvmlBinder;
  /** Absolute path. */
  readonly path: string;
  readonly clock: Clock;
  readonly deadlineMs?: number;
}

/**
 * Opens a library and starts a session, which is held until `close`: so an idle GPU keeps its limit even without
 * persistence mode.
 */
export async function openNativeNvml(
  options: NativeNvmlOptions,
): Promise<NvmlResult<NativeNvml>> {
  let library: BoundLibrary;
  try {
    library = await options.binder.open(options.path);
  } catch (error) {
    return failed(
      `AGENT_LIBRARY_NOT_LOADED: ${error instanceof Error ? error.message : ""}`
        .trim(),
      "dlopen",
    );
  }
  const lacking = REQUIRED_SYMBOLS.find((name) => !library.has(name));
  if (lacking) return failed(AGENT_NVML_ERRORS.missing, lacking);
  const nvml = new NativeNvml(options, library);
  const begun = await nvml.begin();
  return begun.ok ? { ok: true, value: nvml } : begun;
}

/** NVML through a binder. */
export class NativeNvml implements Nvml {
  readonly #lanes: CallLanes;
  #library: BoundLibrary;
  #driver: DriverInfo;
  #sessionLost = false;
  #known = new Map<string, Known>();

  constructor(
    private readonly options: NativeNvmlOptions,
    library: BoundLibrary,
  ) {
    this.#library = library;
    this.#lanes = new CallLanes(
      () => this.#library,
      options.clock,
      options.deadlineMs ?? DEADLINE_MS,
    );
    this.#driver = {
      library: library.path,
      driverVersion: "unknown",
      nvmlVersion: "unknown",
      session: 0,
    };
  }

  get driver(): DriverInfo {
    return this.#driver;
  }

  /** Whether the library has a symbol, for `--self-check`. */
  has(name: NvmlSymbolName): boolean {
    return this.#library.has(name);
  }

  /** Starts a session. */
  async begin(): Promise<NvmlResult<undefined>> {
    const started = await this.#lanes.call(SYSTEM, "nvmlInit_v2");
    if (!started.ok) return started;
    this.#sessionLost = false;
    this.#known.clear();
    this.#driver = {
      library: this.#library.path,
      driverVersion: await this.#systemText("nvmlSystemGetDriverVersion"),
      nvmlVersion: await this.#systemText("nvmlSystemGetNVMLVersion"),
      session: this.#driver.session + 1,
    };
    return started;
  }

  async enumerate(): Promise<NvmlResult<Enumeration>> {
    if (this.#sessionLost) {
      const again = await this.#restart();
      if (!again.ok) return again;
    }
    const count = await this.#count();
    if (!count.ok) {
      if (!this.#noteSession(count.error)) return count;
      const again = await this.#restart();
      return again.ok ? await this.#enumerateOnce() : again;
    }
    return await this.#find(count.value);
  }

  async #enumerateOnce(): Promise<NvmlResult<Enumeration>> {
    const count = await this.#count();
    return count.ok ? await this.#find(count.value) : count;
  }

  async #count(): Promise<NvmlResult<number>> {
    const count = Out.u32();
    const result = await this.#lanes.call(
      SYSTEM,
      "nvmlDeviceGetCount_v2",
      count.bytes,
    );
    return result.ok ? { ok: true, value: count.u32() } : result;
  }

  async #find(count: number): Promise<NvmlResult<Enumeration>> {
    const found = await Promise.all(
      Array.from({ length: count }, (_, index) => this.#identify(index)),
    );
    const gpus: GpuIdentity[] = [];
    const faults: { index: number; error: NvmlError }[] = [];
    const known = new Map<string, Known>();
    found.forEach((result, index) => {
      if (!result.ok) {
        faults.push({ index, error: result.error });
        return;
      }
      known.set(result.value.identity.uuid, result.value);
      gpus.push(result.value.identity);
    });
    // A GPU that did not answer keeps the address it had, so that its calls say why.
    for (const [uuid, old] of this.#known) {
      const faulty = faults.some(({ index }) => index === old.identity.index);
      if (!known.has(uuid) && faulty) known.set(uuid, old);
    }
    this.#known = known;
    return {
      ok: true,
      value: { gpus, complete: faults.length === 0, faults },
    };
  }

  async #identify(index: number): Promise<NvmlResult<Known>> {
    const lane = `gpu ${index}`;
    const handle = new Out(8);
    const found = await this.#lanes.call(
      lane,
      "nvmlDeviceGetHandleByIndex_v2",
      index,
      handle.bytes,
    );
    if (!found.ok) return this.#seen(found);
    const device = new Device(
      this.#lanes,
      lane,
      handle.u64(),
      (name) => this.#library.has(name),
      this.options.clock,
    );
    const uuid = await device.text("nvmlDeviceGetUUID");
    if (!uuid.ok) return this.#seen(uuid);
    if (!/^GPU-[0-9a-zA-Z-]{1,90}$/.test(uuid.value)) {
      return failed(AGENT_NVML_ERRORS.implausible, "nvmlDeviceGetUUID");
    }
    // A GPU's name and device file stay its own while the session lasts.
    const before = this.#known.get(uuid.value)?.identity;
    const mig = await device.mig();
    const identity: GpuIdentity = {
      uuid: uuid.value,
      index,
      model: before?.model ?? await device.name(),
      minor: before?.minor ?? await device.minor(),
      mig: mig.on,
      migUuids: mig.uuids,
    };
    return { ok: true, value: { identity, device } };
  }

  limits(
    uuid: string,
    depth: LimitsDepth = "all",
  ): Promise<NvmlResult<GpuLimits>> {
    return this.#on(uuid, (device) => device.limits(depth));
  }
  setLimit(uuid: string, watts: number): Promise<NvmlResult<undefined>> {
    return this.#on(uuid, (device) => device.setLimit(uuid, watts));
  }
  processes(uuid: string): Promise<NvmlResult<readonly GpuProcess[]>> {
    return this.#on(uuid, (device) => device.processes());
  }
  telemetry(uuid: string): Promise<NvmlResult<GpuTelemetry>> {
    return this.#on(uuid, (device) => device.telemetry());
  }

  hung(): ReadonlySet<string> {
    const lanes = new Set(this.#lanes.hung());
    return new Set(
      [...this.#known].filter(([, { device }]) => lanes.has(device.lane))
        .map(([uuid]) => uuid),
    );
  }

  /** Ends the session and unloads; a library with a call still inside it is left loaded, unloading it would crash. */
  async close(): Promise<void> {
    if (this.#lanes.outstanding > 0) return;
    await this.#lanes.call(SYSTEM, "nvmlShutdown");
    if (this.#lanes.outstanding === 0) this.#library.close();
    this.#lanes.rest();
  }

  async #on<T>(
    uuid: string,
    ask: (device: Device) => Promise<NvmlResult<T>>,
  ): Promise<NvmlResult<T>> {
    const known = this.#known.get(uuid);
    if (!known) {
      return {
        ok: false,
        error: { name: "NVML_ERROR_NOT_FOUND", code: 6, call: "enumerate" },
      };
    }
    return this.#seen(await ask(known.device));
  }

  /** Remembers from any answer that the session is gone. */
  #seen<T>(result: NvmlResult<T>): NvmlResult<T> {
    if (!result.ok) this.#noteSession(result.error);
    return result;
  }

  #noteSession(error: NvmlError): boolean {
    const lost = error.code !== undefined &&
      SESSION_LOST_CODES.has(error.code);
    this.#sessionLost ||= lost;
    return lost;
  }

  /** Opens the library anew: after a driver update the file itself is another one. */
  async #restart(): Promise<NvmlResult<undefined>> {
    if (this.#lanes.outstanding > 0) {
      return failed(AGENT_NVML_ERRORS.busy, "nvmlInit_v2");
    }
    await this.#lanes.call(SYSTEM, "nvmlShutdown");
    this.#library.close();
    try {
      this.#library = await this.options.binder.open(this.options.path);
    } catch {
      this.#library = unloaded(this.options.path);
      this.#sessionLost = true;
      return failed("AGENT_LIBRARY_NOT_LOADED", "dlopen");
    }
    return await this.begin();
  }

  async #systemText(name: NvmlSymbolName): Promise<string> {
    const out = new Out(TEXT_BYTES);
    const result = await this.#lanes.call(SYSTEM, name, out.bytes, TEXT_BYTES);
    return result.ok ? out.text() : "unknown";
  }
}

/** Stands in while the library is not on disk, in the middle of a driver update. */
function unloaded(path: string): BoundLibrary {
  return {
    path,
    has: () => true,
    call: () => Promise.resolve(NVML_ERROR_NOT_SUPPORTED),
    close: () => {},
  };
}

function failed(
  name: string,
  call: string,
): { readonly ok: false; readonly error: NvmlError } {
  return { ok: false, error: { name, code: undefined, call } };
}
