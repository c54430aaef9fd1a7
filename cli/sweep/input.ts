/** From the flags of `sweep` to the engines and the question of a search. @module */

import type {
  CapChoice,
  DatabaseMode,
  FleetMode,
  FleetQuery,
  FleetSpace,
  Layout,
} from "../../optimizer-wasm/mod.ts";
import { NO_CORRECTIONS } from "../../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { parseWatts } from "../watts.ts";

/** What one invocation of `sweep` searches. */
export interface SweepInput {
  readonly space: FleetSpace;
  readonly query: FleetQuery;
}

type Flags = CommandContext["flags"];

const PIN_FIELDS = {
  tp: "tp",
  pp: "pp",
  dp: "dp",
  moe_tp: "moeTp",
  moe_ep: "moeEp",
  cp: "cp",
} as const satisfies Record<string, keyof Layout>;

/** Reads the flags. @throws {WattkeeperError} `invalid_value`, `invalid_usage` */
export function sweepInput(flags: Flags): SweepInput {
  const budgetText = text(flags, "power-budget-watts");
  const budgetWatts = budgetText === undefined
    ? undefined
    : parseWatts(budgetText, "--power-budget-watts");
  const objective = text(flags, "objective") === "efficiency"
    ? "efficiency"
    : "throughput";
  const totalGpus = number(flags, "total-gpus");
  const pins = pinsOf(flags);
  return {
    space: {
      model: text(flags, "model") ?? "",
      system: text(flags, "system") ?? "",
      backend: text(flags, "backend") ?? "",
      ...given("backendVersion", text(flags, "backend-version")),
      ...given(
        "databaseMode",
        text(flags, "database-mode") as DatabaseMode | undefined,
      ),
      mode: (text(flags, "mode") ?? "best") as FleetMode,
      pins,
      ...given("totalGpus", totalGpus),
    },
    query: {
      isl: number(flags, "isl") ?? 0,
      osl: number(flags, "osl") ?? 0,
      prefix: number(flags, "prefix") ?? 0,
      ttftMs: number(flags, "ttft-ms") ?? 0,
      itlMs: number(flags, "itl-ms") ?? 0,
      ...given("totalGpus", totalGpus),
      ...given("budgetWatts", budgetWatts),
      ...given("requestRate", number(flags, "request-rate")),
      objective,
      caps: capsOf(
        flags,
        budgetWatts !== undefined || objective === "efficiency",
      ),
      ...(flags["corrections"] === false
        ? { corrections: NO_CORRECTIONS }
        : {}),
      ...given("maxThetaPrefill", number(flags, "admission-max-theta-prefill")),
      ...given("maxThetaDecode", number(flags, "admission-max-theta-decode")),
      allowUnmeasuredCaps: flags["allow-unmeasured-caps"] === true,
      top: number(flags, "top") ?? 5,
    },
  };
}

/** Caps are searched where watts matter; elsewhere a lower cap could only slow somebody down. */
function capsOf(flags: Flags, wattsMatter: boolean): CapChoice {
  const prefill = wattsFlag(flags, "prefill-cap-watts");
  const decode = wattsFlag(flags, "decode-cap-watts");
  const agg = wattsFlag(flags, "agg-cap-watts");
  if (
    prefill !== undefined || decode !== undefined || agg !== undefined
  ) {
    return {
      kind: "fixed",
      watts: {
        ...given("prefill", prefill),
        ...given("decode", decode),
        ...given("agg", agg),
      },
    };
  }
  switch (text(flags, "caps")) {
    case "free":
      return { kind: "free" };
    case "own-draw":
      return { kind: "own_draw" };
    case "none":
      return { kind: "none" };
    default:
      return { kind: wattsMatter ? "free" : "own_draw" };
  }
}

function pinsOf(flags: Flags): NonNullable<FleetSpace["pins"]> {
  return {
    ...given("prefill", pinOf(flags, "pin-prefill")),
    ...given("decode", pinOf(flags, "pin-decode")),
    ...given("agg", pinOf(flags, "pin-agg")),
  };
}

/** `tp=4,pp=1,dp=1,moe_tp=1,moe_ep=4`; what is left out is 1. */
function pinOf(flags: Flags, name: string): Layout | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const layout = { tp: 1, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 };
  for (const part of value.split(",")) {
    const [field = "", size = "", ...rest] = part.split("=");
    const isKnown = Object.hasOwn(PIN_FIELDS, field.trim());
    const ranks = /^[1-9][0-9]{0,3}$/.test(size.trim()) ? Number(size) : NaN;
    if (!isKnown || rest.length > 0 || Number.isNaN(ranks)) {
      throw new WattkeeperError(
        "invalid_value",
        `"${part}" is no size of a layout.`,
        {
          where: `--${name}`,
          remedy:
            `Write --${name} tp=4,pp=1,dp=1,moe_tp=1,moe_ep=4; known are ${
              Object.keys(PIN_FIELDS).join(", ")
            }.`,
        },
      );
    }
    layout[PIN_FIELDS[field.trim() as keyof typeof PIN_FIELDS]] = ranks;
  }
  return layout;
}

function wattsFlag(flags: Flags, name: string): number | undefined {
  const value = text(flags, name);
  return value === undefined ? undefined : parseWatts(value, `--${name}`);
}

function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return value === undefined
    ? {}
    : { [key]: value } as { readonly [K in Key]: Value };
}

function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

function number(flags: Flags, name: string): number | undefined {
  const value = flags[name];
  return typeof value === "number" ? value : undefined;
}
