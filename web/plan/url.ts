/** The inputs in the address of the page, after the `#`, so that no server ever sees them. @module */

import { layoutAsPin, pinnedLayout } from "./layout_text.ts";
import {
  FIRST_STATE,
  isAllowed,
  type NumberField,
  PINNED_SIDES,
  type PlanState,
  ruleText,
} from "./state.ts";

/** Version of the names below; a link of another version is refused, never guessed at. */
export const LINK_VERSION = "1";

/** Longest address that is read. */
const LONGEST = 4000;

const NUMBERS = {
  gpus: "totalGpus",
  watts: "budgetWatts",
  racks: "racks",
  rack_watts: "rackWatts",
  headroom: "headroom",
  nodes: "nodes",
  node_gpus: "gpusPerNode",
  node_watts: "nodeOverheadWatts",
  ttft_ms: "ttftMs",
  itl_ms: "itlMs",
  isl: "isl",
  osl: "osl",
  prefix: "prefix",
  rate: "requestRate",
  seed: "simulationSeed",
  hours: "simulationHours",
  speed: "traceSpeed",
  copies: "traceCopies",
} as const satisfies Record<string, NumberField>;

const CHOICES = {
  power: ["watts", ["budget", "racks", "none"]],
  mode: ["mode", ["best", "disagg", "agg"]],
  goal: ["objective", ["throughput", "efficiency"]],
  caps: ["caps", ["auto", "free", "own_draw", "none"]],
  resolution: ["simulationResolution", ["loop", "request"]],
  traffic: ["simulationTraffic", ["day", "trace"]],
} as const satisfies Record<
  string,
  readonly [keyof PlanState, readonly string[]]
>;

const NAMES = {
  model: "model",
  gpu: "system",
  backend: "backend",
  data: "version",
} as const satisfies Record<string, keyof PlanState>;

const SWITCHES = {
  unmeasured: "allowUnmeasuredCaps",
  corrections: "corrections",
} as const satisfies Record<string, keyof PlanState>;

/** A name of a model, system, backend or version. */
const NAME = /^[\w][\w./:+-]{0,119}$/;

/** What reading a link gives: the inputs, and everything that could not be used. */
export interface ReadLink {
  readonly state: PlanState;
  readonly problems: readonly string[];
}

/** The part after the `#`. */
export function linkOf(state: PlanState): string {
  const query = new URLSearchParams({ v: LINK_VERSION });
  for (const [key, field] of Object.entries(NAMES)) {
    const value = state[field];
    if (value !== undefined) query.set(key, value);
  }
  for (const [key, [field]] of Object.entries(CHOICES)) {
    query.set(key, state[field]);
  }
  for (const [key, field] of Object.entries(NUMBERS)) {
    const value = state[field];
    if (value !== undefined) query.set(key, String(value));
  }
  for (const [key, field] of Object.entries(SWITCHES)) {
    query.set(key, state[field] ? "1" : "0");
  }
  for (const side of PINNED_SIDES) {
    const layout = state.pins[side];
    if (layout) query.set(`pin_${side}`, layoutAsPin(layout));
  }
  return query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
}

/** Reads the part after the `#`; what cannot be used stays as the page opens with, and is named. */
export function readLink(hash: string): ReadLink {
  const text = hash.replace(/^#/, "");
  if (text === "") return { state: FIRST_STATE, problems: [] };
  if (text.length > LONGEST) {
    return refused(
      `The link is ${text.length} characters long; at most ${LONGEST} are read.`,
    );
  }
  const query = new URLSearchParams(text);
  const version = query.get("v");
  if (version !== LINK_VERSION) {
    return refused(
      version === null
        ? "The link does not say which version it is (v=1)."
        : `The link is of version ${
          shown(version)
        }; this page reads version ${LINK_VERSION}.`,
    );
  }
  const problems: string[] = [];
  const changed: Record<string, unknown> = {};
  const pins: Record<string, unknown> = {};
  const bad = (key: string, found: string, wanted: string) =>
    problems.push(`${key} must be ${wanted}, found ${shown(found)}.`);
  for (const [key, value] of query) {
    if (key === "v") continue;
    const pinned = PINNED_SIDES.find((side) => key === `pin_${side}`);
    if (pinned) {
      const layout = pinnedLayout(value);
      if (layout) pins[pinned] = layout;
      else bad(key, value, "a layout such as tp=4,moe_ep=4");
    } else if (hasKey(NUMBERS, key)) {
      const field = NUMBERS[key];
      const number = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(value)
        ? Number(value)
        : NaN;
      if (isAllowed(field, number)) changed[field] = number;
      else bad(key, value, ruleText(field));
    } else if (hasKey(CHOICES, key)) {
      const [field, values] = CHOICES[key];
      if ((values as readonly string[]).includes(value)) changed[field] = value;
      else bad(key, value, `one of ${values.join(", ")}`);
    } else if (hasKey(NAMES, key)) {
      if (NAME.test(value)) changed[NAMES[key]] = value;
      else bad(key, value, "a name");
    } else if (hasKey(SWITCHES, key)) {
      if (value === "0" || value === "1") {
        changed[SWITCHES[key]] = value === "1";
      } else bad(key, value, "0 or 1");
    } else problems.push(`${shown(key)} is nothing that this page knows.`);
  }
  const state: PlanState = { ...FIRST_STATE, ...changed, pins };
  if (state.prefix < state.isl) return { state, problems };
  problems.push(
    `prefix must be below isl, found ${state.prefix} of ${state.isl}.`,
  );
  return { state: { ...state, prefix: 0 }, problems };
}

function refused(problem: string): ReadLink {
  return { state: FIRST_STATE, problems: [problem] };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function hasKey<Table extends object>(
  table: Table,
  key: string,
): key is Extract<keyof Table, string> {
  return Object.hasOwn(table, key);
}
