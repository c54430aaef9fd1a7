/** The NVML functions the agent uses, as data: what each takes, and whether the agent can do without it. @module */

/**
 * Kinds of parameters. `handle` is an `nvmlDevice_t`, a pointer that is only passed around; `out` is a buffer the
 * library writes; `text` is a NUL-terminated string the library reads.
 */
export type NvmlParameter = "u32" | "handle" | "out" | "text";

/** One function. Each returns an `nvmlReturn_t`. */
export interface NvmlSymbol {
  readonly takes: readonly NvmlParameter[];
  /** Without it the agent cannot work at all; all others are looked for and reported when missing. */
  readonly required?: true;
  /** Without it no cap is set; the agent still shows what there is, and each GPU says why it is not enforced. */
  readonly caps?: true;
  /** What is lost without it, for `--self-check`. */
  readonly purpose: string;
}

const READ: readonly NvmlParameter[] = ["handle", "out"];
const TEXT: readonly NvmlParameter[] = ["handle", "out", "u32"];
const LIST: readonly NvmlParameter[] = ["handle", "out", "out"];

/** Every symbol, once. */
export const NVML_SYMBOLS = {
  nvmlInit_v2: { takes: [], required: true, purpose: "start of a session" },
  nvmlShutdown: { takes: [], required: true, purpose: "end of a session" },
  nvmlSystemGetDriverVersion: {
    takes: ["out", "u32"],
    purpose: "driver version",
  },
  nvmlSystemGetNVMLVersion: {
    takes: ["out", "u32"],
    purpose: "library version",
  },
  nvmlDeviceGetCount_v2: {
    takes: ["out"],
    required: true,
    purpose: "number of GPUs",
  },
  nvmlDeviceGetHandleByIndex_v2: {
    takes: ["u32", "out"],
    required: true,
    purpose: "address of a GPU",
  },
  nvmlDeviceGetUUID: {
    takes: TEXT,
    required: true,
    purpose: "identity of a GPU",
  },
  nvmlDeviceGetName: { takes: TEXT, purpose: "model name" },
  nvmlDeviceGetMinorNumber: { takes: READ, purpose: "device file number" },
  nvmlDeviceGetMigMode: {
    takes: ["handle", "out", "out"],
    purpose: "whether MIG is on",
  },
  nvmlDeviceGetMaxMigDeviceCount: { takes: READ, purpose: "MIG slices" },
  nvmlDeviceGetMigDeviceHandleByIndex: {
    takes: ["handle", "u32", "out"],
    purpose: "MIG slices",
  },
  nvmlDeviceGetPowerManagementLimit: {
    takes: READ,
    caps: true,
    purpose: "the limit that is set",
  },
  nvmlDeviceSetPowerManagementLimit: {
    takes: ["handle", "u32"],
    caps: true,
    purpose: "setting a limit",
  },
  nvmlDeviceGetEnforcedPowerLimit: {
    takes: READ,
    purpose: "the limit in force after all limiters",
  },
  nvmlDeviceGetPowerManagementDefaultLimit: {
    takes: READ,
    purpose: "what a release goes back to",
  },
  nvmlDeviceGetPowerManagementLimitConstraints: {
    takes: LIST,
    caps: true,
    purpose: "the settable range; nothing is written without it",
  },
  nvmlDeviceGetPowerUsage: { takes: READ, purpose: "draw" },
  nvmlDeviceGetTotalEnergyConsumption: { takes: READ, purpose: "energy" },
  nvmlDeviceGetCurrentClocksEventReasons: {
    takes: READ,
    purpose: "throttle reasons (driver 535 and newer)",
  },
  nvmlDeviceGetCurrentClocksThrottleReasons: {
    takes: READ,
    purpose: "throttle reasons (older drivers)",
  },
  nvmlDeviceGetViolationStatus: {
    takes: ["handle", "u32", "out"],
    purpose: "time spent held down by the power limit",
  },
  nvmlDeviceGetPersistenceMode: {
    takes: READ,
    purpose: "whether an idle GPU keeps its limit (C26)",
  },
  nvmlDeviceGetComputeRunningProcesses_v3: {
    takes: LIST,
    purpose: "compute processes (driver 510 and newer)",
  },
  nvmlDeviceGetComputeRunningProcesses_v2: {
    takes: LIST,
    purpose: "compute processes (driver 450 to 470)",
  },
  nvmlDeviceGetComputeRunningProcesses: {
    takes: LIST,
    purpose: "compute processes (oldest form)",
  },
  nvmlDeviceGetGraphicsRunningProcesses_v3: {
    takes: LIST,
    purpose: "graphics processes",
  },
  nvmlDeviceGetMPSComputeRunningProcesses_v3: {
    takes: LIST,
    purpose: "clients of an MPS server",
  },
} as const satisfies Record<string, NvmlSymbol>;

export type NvmlSymbolName = keyof typeof NVML_SYMBOLS;

/** All names, in the table's order. */
export const NVML_SYMBOL_NAMES = Object.keys(NVML_SYMBOLS) as NvmlSymbolName[];

/** Names the agent cannot work without. */
export const REQUIRED_SYMBOLS: readonly NvmlSymbolName[] = NVML_SYMBOL_NAMES
  .filter((name) => "required" in NVML_SYMBOLS[name]);

/** Bytes of one `nvmlProcessInfo_t`, and where its PID lies (always 0): newest form first. */
export const PROCESS_LISTS: {
  readonly compute: readonly { name: NvmlSymbolName; stride: number }[];
  readonly graphics: readonly { name: NvmlSymbolName; stride: number }[];
  readonly mps: readonly { name: NvmlSymbolName; stride: number }[];
} = {
  compute: [
    { name: "nvmlDeviceGetComputeRunningProcesses_v3", stride: 24 },
    { name: "nvmlDeviceGetComputeRunningProcesses_v2", stride: 24 },
    { name: "nvmlDeviceGetComputeRunningProcesses", stride: 16 },
  ],
  graphics: [{ name: "nvmlDeviceGetGraphicsRunningProcesses_v3", stride: 24 }],
  mps: [{ name: "nvmlDeviceGetMPSComputeRunningProcesses_v3", stride: 24 }],
};

/** `NVML_PERF_POLICY_POWER` of `nvmlDeviceGetViolationStatus`. */
export const PERF_POLICY_POWER = 0;
