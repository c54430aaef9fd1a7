/** The runtime control API: floors and GPU budgets of a running planner (`reference-planner.md` §3). @module */

import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../cluster/mod.ts";
import { errorAnswer, type HttpHandler, readBody } from "../../service/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import { floorFootprint } from "../core/mod.ts";
import {
  type InForce,
  type Overlay,
  type Settings,
  withOverlay,
} from "../loop/mod.ts";
import type { Lock } from "../loop/mod.ts";

/** What the control API acts on. */
export interface ControlOptions {
  readonly settings: Settings;
  /** Held while a decision is made. */
  readonly lock: Lock;
  readonly clock: Clock;
  /** Who knows it may change the planner; asked at every request, undefined lets nobody in. */
  readonly token: () => Promise<string | undefined> | string | undefined;
  /** Longest wait for a decision in progress (P7). */
  readonly lockMs?: number;
}

const PATH = "/v1/min-endpoints";
const LOCK_MS = 10_000;
/** More replicas or GPUs than any deployment has. */
const MOST = 1_000_000;

type Field =
  | "min_endpoint"
  | "prefill_min_endpoint"
  | "decode_min_endpoint"
  | "min_gpu_budget"
  | "max_gpu_budget";

interface FieldRule {
  readonly least: number;
  readonly key: keyof Overlay;
}

/** Every field that the API knows (P6): its least value, and what it changes. */
const FIELDS: Readonly<Record<Field, FieldRule>> = {
  min_endpoint: { least: 0, key: "aggFloor" },
  prefill_min_endpoint: { least: 1, key: "prefillFloor" },
  decode_min_endpoint: { least: 1, key: "decodeFloor" },
  min_gpu_budget: { least: -1, key: "minGpus" },
  max_gpu_budget: { least: -1, key: "maxGpus" },
};

/** The fields of a mode (P5). */
function activeFields(mode: PlannerConfig["mode"]): readonly Field[] {
  const budgets = ["min_gpu_budget", "max_gpu_budget"] as const;
  switch (mode) {
    case "disagg":
      return ["prefill_min_endpoint", "decode_min_endpoint", ...budgets];
    case "prefill":
      return ["prefill_min_endpoint", ...budgets];
    case "decode":
      return ["decode_min_endpoint", ...budgets];
    case "agg":
      return ["min_endpoint", ...budgets];
  }
}

/** Answers `GET` and `PATCH /v1/min-endpoints`. */
export function controlHandler(options: ControlOptions): HttpHandler {
  return async (request) => {
    if (!isLocal(request)) {
      return errorAnswer(403, "not_local", "Ask this API on 127.0.0.1.");
    }
    if (!mayAsk(request, await options.token())) {
      return errorAnswer(401, "unauthorised", "Send the control token.", {
        "www-authenticate": 'Bearer realm="wattkeeper"',
      });
    }
    if (new URL(request.url).pathname !== PATH) {
      return errorAnswer(404, "not_found", `There is only ${PATH}.`);
    }
    switch (request.method) {
      case "GET":
        return await locked(
          options,
          () => Response.json(bodyOf(options.settings.current())),
        );
      case "PATCH":
        return await patch(request, options);
      default:
        return errorAnswer(405, "method_not_allowed", "Use GET or PATCH.", {
          allow: "GET, PATCH",
        });
    }
  };
}

async function patch(
  request: Request,
  options: ControlOptions,
): Promise<Response> {
  const body = await readBody(request);
  if (body.kind === "refused") return body.answer;
  let change: unknown;
  try {
    change = JSON.parse(body.text);
  } catch {
    return errorAnswer(400, "invalid_json", "The body is not JSON.");
  }
  return await locked(options, () => {
    const { settings } = options;
    const checked = checkChange(change, settings.current());
    if (checked.kind === "refused") {
      return errorAnswer(checked.status, checked.code, checked.message);
    }
    settings.patch(checked.overlay);
    return Response.json(bodyOf(settings.current()));
  });
}

async function locked(
  { lock, clock, lockMs = LOCK_MS }: ControlOptions,
  work: () => Response,
): Promise<Response> {
  const done = await lock.within(clock, lockMs, work);
  return done?.result ??
    errorAnswer(503, "busy", "A decision is in progress; try again.", {
      "retry-after": "5",
    });
}

/** What checking a change gives. */
export type CheckedChange =
  | { readonly kind: "change"; readonly overlay: Overlay }
  | {
    readonly kind: "refused";
    readonly status: 400 | 422;
    readonly code: string;
    readonly message: string;
  };

/** Checks a change as a whole against what is in force; nothing is changed here (P6). */
export function checkChange(
  change: unknown,
  { config, model }: InForce,
): CheckedChange {
  const refused = (status: 400 | 422, code: string, message: string) =>
    ({ kind: "refused", status, code, message }) as const;
  if (
    typeof change !== "object" || change === null || Array.isArray(change)
  ) return refused(400, "invalid_body", "The body is not a JSON object.");
  const entries = Object.entries(change);
  if (entries.length === 0) {
    return refused(400, "empty", "The body names no field.");
  }
  const active = activeFields(config.mode);
  for (const [name] of entries) {
    if (!isField(name)) {
      return refused(
        400,
        "unknown_field",
        `"${name.slice(0, 60)}" is not a field; known are: ${
          active.join(", ")
        }.`,
      );
    }
  }
  const overlay: Partial<Record<keyof Overlay, number>> = {};
  for (const [name, value] of entries) {
    if (!isField(name)) continue;
    if (!active.includes(name)) {
      return refused(
        422,
        "inactive_field",
        `Mode ${config.mode} has no ${name}; it has: ${active.join(", ")}.`,
      );
    }
    const { least, key } = FIELDS[name];
    if (
      typeof value !== "number" || !Number.isInteger(value) ||
      value < least || value > MOST
    ) {
      return refused(
        422,
        "invalid_value",
        `${name} takes a whole number from ${least} to ${MOST}.`,
      );
    }
    overlay[key] = value;
  }
  const problem = footprintProblem(withOverlay(config, overlay), model);
  return problem
    ? refused(422, problem.code, problem.message)
    : { kind: "change", overlay };
}

/** Floors over what will be in force: GPUs, and watts at the lowest caps. */
function footprintProblem(
  config: PlannerConfig,
  model: InForce["model"],
): { readonly code: string; readonly message: string } | undefined {
  const { minGpus, maxGpus, power } = config;
  if (minGpus !== undefined && maxGpus !== undefined && minGpus > maxGpus) {
    return {
      code: "min_over_max",
      message:
        `min_gpu_budget ${minGpus} is more than max_gpu_budget ${maxGpus}.`,
    };
  }
  const { gpus, lowestWatts } = floorFootprint(onlyActive(config), model);
  if (maxGpus !== undefined && gpus > maxGpus) {
    return {
      code: "gpu_footprint",
      message: `The floors need ${gpus} GPUs, max_gpu_budget is ${maxGpus}.`,
    };
  }
  if (power && lowestWatts > power.budgetWatts) {
    return {
      code: "power_footprint",
      message:
        `The floors need ${lowestWatts} W at the lowest caps, the budget is ${power.budgetWatts} W.`,
    };
  }
  return undefined;
}

/** Floors of sides that the mode does not have count nothing. */
function onlyActive(config: PlannerConfig): PlannerConfig {
  const { mode, floors } = config;
  const has = (side: "prefill" | "decode") =>
    mode === "disagg" || mode === side;
  return {
    ...config,
    floors: {
      prefill: has("prefill") ? floors.prefill : 0,
      decode: has("decode") ? floors.decode : 0,
      agg: mode === "agg" ? floors.agg : 0,
    },
  };
}

/** The answer of both methods. */
function bodyOf({ config }: InForce): Readonly<Record<string, unknown>> {
  const { floors, minGpus, maxGpus, mode } = config;
  const values: Readonly<Record<Field, number>> = {
    min_endpoint: floors.agg,
    prefill_min_endpoint: floors.prefill,
    decode_min_endpoint: floors.decode,
    min_gpu_budget: minGpus ?? -1,
    max_gpu_budget: maxGpus ?? -1,
  };
  return {
    mode,
    ...Object.fromEntries(
      activeFields(mode).map((name) => [name, values[name]]),
    ),
  };
}

function isField(name: string): name is Field {
  return Object.hasOwn(FIELDS, name);
}

/** A page of another origin that points its name at 127.0.0.1 sends its own name. */
function isLocal(request: Request): boolean {
  const { hostname } = new URL(request.url);
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}

function mayAsk(request: Request, token: string | undefined): boolean {
  if (token === undefined || token === "") return false;
  const given = /^Bearer (.+)$/.exec(
    request.headers.get("authorization") ?? "",
  )?.[1];
  if (given === undefined) return false;
  const encoder = new TextEncoder();
  const [a, b] = [encoder.encode(given), encoder.encode(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
