/** Reads one estimate question from JSON or flags, field by field (`SPEC.md` R52). @module */

import { nearestNames, WattkeeperError } from "../../service/portable.ts";
import type { DatabaseMode, EngineCase, Layout } from "../estimate_case.ts";
import type { StaticQuery } from "../estimator.ts";
import { MODEL_FAMILIES } from "../model/model_spec.ts";

/** A question as people write it: snake_case fields, all optional but five. */
export type RawCase = Readonly<Record<string, unknown>>;

/** What the asker calls a question, given back as it came: any JSON value, null without. */
export type CaseId =
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | { readonly [name: string]: unknown };

/** A checked question. */
export interface EstimateQuestion {
  readonly id: CaseId;
  /** `databaseMode` is absent when the case leaves the choice to the data. */
  readonly engineCase: Omit<EngineCase, "databaseMode" | "layout"> & {
    readonly databaseMode: DatabaseMode | undefined;
    readonly layout: Layout;
  };
  readonly query: StaticQuery;
  /** Cap of each GPU, watts; absent without one. */
  readonly capWatts?: number;
}

/** Database modes by name. */
export const DATABASE_MODES: readonly DatabaseMode[] = [
  "SILICON",
  "HYBRID",
  "EMPIRICAL",
  "SOL",
  "ROOFLINE",
];
/** Transfer policies by name. */
export const TRANSFER_POLICIES = [
  "off",
  "conservative",
  "balanced",
  "aggressive",
] as const;

/** One field: what it holds and what it means. `estimate --help` and the case reader share this table. */
export interface CaseField {
  readonly name: string;
  readonly kind: "text" | "integer" | "choice";
  readonly choices?: readonly string[];
  readonly required?: boolean;
  readonly help: string;
}

/** Every field of a case but `id`. */
export const CASE_FIELDS: readonly CaseField[] = [
  {
    name: "model",
    kind: "text",
    required: true,
    help: "Hugging Face name, such as Qwen/Qwen3-32B.",
  },
  {
    name: "family",
    kind: "choice",
    choices: MODEL_FAMILIES,
    help: "Graph of the model; the one of its architecture without. " +
      "GPT is reached by this name alone.",
  },
  {
    name: "system",
    kind: "text",
    required: true,
    help: "GPU system, such as h200_sxm.",
  },
  {
    name: "backend",
    kind: "text",
    required: true,
    help: "vllm, trtllm or sglang.",
  },
  {
    name: "backend_version",
    kind: "text",
    help: "Version of the data: a number, current, previous or next. " +
      "Without it the default of the imported data.",
  },
  { name: "tp", kind: "integer", help: "Tensor parallel GPUs; 1 without." },
  { name: "pp", kind: "integer", help: "Pipeline stages; 1 without." },
  {
    name: "dp",
    kind: "integer",
    help: "Attention data-parallel ranks; 1 without.",
  },
  {
    name: "moe_tp",
    kind: "integer",
    help: "Tensor parallel GPUs of the experts; what moe_ep leaves without.",
  },
  {
    name: "moe_ep",
    kind: "integer",
    help: "Expert parallel GPUs; what moe_tp leaves without, else 1.",
  },
  {
    name: "cp",
    kind: "integer",
    help: "Context parallel GPUs (sglang); 1 without.",
  },
  {
    name: "batch_size",
    kind: "integer",
    required: true,
    help: "Requests that one attention-DP rank runs together.",
  },
  {
    name: "isl",
    kind: "integer",
    required: true,
    help: "Input sequence length, tokens.",
  },
  {
    name: "osl",
    kind: "integer",
    required: true,
    help: "Output sequence length, tokens.",
  },
  {
    name: "prefix",
    kind: "integer",
    help: "Tokens of the input that are cached; 0 without.",
  },
  {
    name: "nextn",
    kind: "integer",
    help: "Tokens drafted by multi-token prediction; 0 without.",
  },
  {
    name: "stride",
    kind: "integer",
    help: "Decode steps that share one evaluation; 32 without.",
  },
  {
    name: "cap_watts",
    kind: "integer",
    help: "Power cap of each GPU; the answer then says what it costs.",
  },
  {
    name: "database_mode",
    kind: "choice",
    choices: DATABASE_MODES,
    help: "SILICON where data is imported and ROOFLINE elsewhere, without.",
  },
  {
    name: "transfer_policy",
    kind: "choice",
    choices: TRANSFER_POLICIES,
    help: "How far HYBRID and EMPIRICAL may reach; aggressive without.",
  },
  {
    name: "gemm_quant",
    kind: "text",
    help: "Precision of GEMM weights; the checkpoint's without.",
  },
  {
    name: "moe_quant",
    kind: "text",
    help: "Precision of expert weights; the checkpoint's without.",
  },
  {
    name: "kv_quant",
    kind: "text",
    help: "Precision of the KV cache; the checkpoint's without.",
  },
  {
    name: "fmha_quant",
    kind: "text",
    help: "Precision of attention; the checkpoint's without.",
  },
];

const BY_NAME = new Map(CASE_FIELDS.map((field) => [field.name, field]));

function invalid(where: string, message: string, remedy?: string) {
  return new WattkeeperError(
    "invalid_value",
    message,
    remedy === undefined ? { where } : { where, remedy },
  );
}

/** Longest text of a field, characters; names of models are far shorter. */
const LONGEST_TEXT = 200;

function shown(value: unknown): string {
  const text = typeof value === "number"
    ? String(value)
    : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function checkNames(raw: RawCase): void {
  for (const name of Object.keys(raw)) {
    if (name === "id" || BY_NAME.has(name)) continue;
    const near = name.length > LONGEST_TEXT
      ? []
      : nearestNames(name, [...BY_NAME.keys()]);
    throw invalid(
      name.slice(0, LONGEST_TEXT),
      `Unknown field ${shown(name)}${
        near.length > 0 ? `: the nearest known ones are ${near.join(", ")}` : ""
      }.`,
    );
  }
}

/** A number that is not kept exactly would come back as another id. */
function checkId(id: unknown): void {
  if (typeof id !== "number" || Number.isSafeInteger(id)) return;
  if (Number.isFinite(id) && !Number.isInteger(id)) return;
  throw invalid(
    "id",
    "id is beyond the numbers that JSON holds exactly.",
    "Write it as a text.",
  );
}

/** A reader of one case's fields. */
class Fields {
  readonly #raw: RawCase;

  constructor(raw: RawCase) {
    this.#raw = raw;
  }

  #value(name: string): unknown {
    const value = this.#raw[name];
    if (value !== undefined && value !== null) return value;
    if (BY_NAME.get(name)?.required === true) {
      throw invalid(name, `The field ${name} is missing.`);
    }
    return undefined;
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (
      typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT
    ) return value;
    throw invalid(
      name,
      `${name} must be a text of at most ${LONGEST_TEXT} characters, found ${
        shown(value)
      }.`,
    );
  }

  integer(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw invalid(name, `${name} must be an integer, found ${shown(value)}.`);
  }

  choice<T extends string>(name: string, known: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = known.find((one) =>
      one.toLowerCase() === value.toLowerCase()
    );
    if (found !== undefined) return found;
    throw invalid(
      name,
      `Unknown ${name} "${value}".`,
      `Known are ${known.join(", ")}.`,
    );
  }
}

function layoutOf(fields: Fields): Layout {
  const tp = fields.integer("tp") ?? 1;
  const dp = fields.integer("dp") ?? 1;
  const cp = fields.integer("cp") ?? 1;
  const ranks = tp * dp * cp;
  const namedTp = fields.integer("moe_tp");
  const namedEp = fields.integer("moe_ep");
  // One of the two implies the other where it divides; layouts that do not fit are refused by `checkLayout`.
  const left = (part: number) => part >= 1 ? Math.floor(ranks / part) || 1 : 1;
  return {
    tp,
    pp: fields.integer("pp") ?? 1,
    dp,
    moeTp: namedTp ?? (namedEp === undefined ? ranks : left(namedEp)),
    moeEp: namedEp ?? (namedTp === undefined ? 1 : left(namedTp)),
    cp,
  };
}

function capOf(fields: Fields): number | undefined {
  const watts = fields.integer("cap_watts");
  if (watts === undefined || watts >= 1) return watts;
  throw invalid(
    "cap_watts",
    `cap_watts must be a whole number of watts from 1, found ${watts}.`,
  );
}

/** Drops absent parts, so that an optional property is either there or not. */
function present<T extends object>(
  parts: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(parts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/**
 * Checks a question.
 *
 * @throws {WattkeeperError} `invalid_value`, naming the field
 */
export function readCase(raw: RawCase): EstimateQuestion {
  checkNames(raw);
  checkId(raw["id"]);
  const fields = new Fields(raw);
  const quant = present({
    gemm: fields.text("gemm_quant"),
    moe: fields.text("moe_quant"),
    kv: fields.text("kv_quant"),
    fmha: fields.text("fmha_quant"),
  });
  return {
    id: (raw["id"] ?? null) as CaseId,
    engineCase: {
      model: fields.text("model") ?? "",
      system: fields.text("system") ?? "",
      backend: fields.text("backend") ?? "",
      layout: layoutOf(fields),
      databaseMode: fields.choice("database_mode", DATABASE_MODES),
      quant,
      ...present({
        backendVersion: fields.text("backend_version"),
        transferPolicy: fields.choice("transfer_policy", TRANSFER_POLICIES),
        nextn: fields.integer("nextn"),
        family: fields.choice("family", MODEL_FAMILIES),
      }),
    },
    query: {
      batchSize: fields.integer("batch_size") ?? 0,
      isl: fields.integer("isl") ?? 0,
      osl: fields.integer("osl") ?? 0,
      ...present({
        prefix: fields.integer("prefix"),
        stride: fields.integer("stride"),
      }),
    },
    ...present({ capWatts: capOf(fields) }),
  };
}
