/** Every error code of the product, written once: its number, its exit code and when it is raised. @module */

interface ErrorEntry {
  readonly number: string;
  readonly exitCode: 1 | 2;
  readonly meaning: string;
}

/** Closed list of error codes. Numbers are stable; a test holds this table and `docs/errors.md` together. */
export const ERROR_TABLE = {
  invalid_usage: {
    number: "WK101",
    exitCode: 2,
    meaning: "A flag, argument or command is not known or not usable.",
  },
  invalid_value: {
    number: "WK102",
    exitCode: 2,
    meaning: "A value is outside what the field allows.",
  },
  invalid_config: {
    number: "WK103",
    exitCode: 2,
    meaning: "The configuration has one or more problems; all are listed.",
  },
  file_not_found: {
    number: "WK104",
    exitCode: 2,
    meaning: "A named file or folder does not exist.",
  },
  file_unreadable: {
    number: "WK105",
    exitCode: 2,
    meaning: "A named file exists and cannot be read.",
  },
  invalid_file: {
    number: "WK106",
    exitCode: 2,
    meaning: "A file's content is not what its kind requires.",
  },
  write_failed: {
    number: "WK107",
    exitCode: 1,
    meaning: "A file could not be written; nothing was left half-written.",
  },
  interrupted: {
    number: "WK108",
    exitCode: 1,
    meaning: "The work was interrupted; nothing was left half-written.",
  },
  internal: {
    number: "WK109",
    exitCode: 1,
    meaning: "A fault of the program itself.",
  },
  unknown_model: {
    number: "WK201",
    exitCode: 2,
    meaning: "No model of this name, or its architecture has no graph here.",
  },
  unknown_system: {
    number: "WK202",
    exitCode: 2,
    meaning: "No GPU system of this name.",
  },
  unknown_backend: {
    number: "WK203",
    exitCode: 2,
    meaning: "No serving backend of this name.",
  },
  unknown_version: {
    number: "WK204",
    exitCode: 2,
    meaning: "No data of this backend version.",
  },
  not_imported: {
    number: "WK205",
    exitCode: 2,
    meaning: "The performance data asked for has not been imported.",
  },
  not_measured: {
    number: "WK206",
    exitCode: 1,
    meaning: "The tables hold no answer for this shape.",
  },
  no_empirical: {
    number: "WK207",
    exitCode: 1,
    meaning: "Neither the tables nor a transfer from them has an answer.",
  },
  missing_flops: {
    number: "WK208",
    exitCode: 1,
    meaning: "The GPU has no tensor-core rate for this precision.",
  },
  invalid_layout: {
    number: "WK209",
    exitCode: 2,
    meaning: "The parallel layout is impossible for this model.",
  },
  out_of_memory: {
    number: "WK210",
    exitCode: 1,
    meaning: "Weights, activations and KV cache do not fit the GPU.",
  },
  infeasible: {
    number: "WK211",
    exitCode: 1,
    meaning: "No candidate meets every limit; the binding one is named.",
  },
  import_failed: {
    number: "WK301",
    exitCode: 1,
    meaning: "Performance data could not be imported; nothing was kept.",
  },
  not_aic_data: {
    number: "WK302",
    exitCode: 2,
    meaning: "The source holds no AIConfigurator tables.",
  },
  corrupt_pack: {
    number: "WK303",
    exitCode: 1,
    meaning: "A stored pack fails its checksum or version; import it again.",
  },
  agent_missing: {
    number: "WK401",
    exitCode: 1,
    meaning: "No agent of this node answers at the gate's socket.",
  },
  nvml_unavailable: {
    number: "WK402",
    exitCode: 1,
    meaning: "No NVML library could be opened; every path tried is listed.",
  },
  fleet_unusable: {
    number: "WK403",
    exitCode: 1,
    meaning: "The fleet cannot be read or driven; nothing was changed.",
  },
  cluster_unreachable: {
    number: "WK404",
    exitCode: 1,
    meaning:
      "The Kubernetes API server does not answer, or does not take who asks.",
  },
  planner_unreachable: {
    number: "WK501",
    exitCode: 1,
    meaning: "No running planner answers at the address.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_TABLE;
