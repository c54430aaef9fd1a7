/** From files to a scenario, with every problem at once. YAML 1.2: `off` is a text there, and not a truth. @module */

import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { type ConfigProblem, problemLine } from "../../../planner/mod.ts";
import { didYouMean, WattkeeperError } from "../../../service/mod.ts";
import { BLOCKS, BLOCKS_SCHEMA } from "./blocks.ts";
import { EVENT_TYPES, eventSchema, type ScenarioEvent } from "./event_types.ts";
import { isMapping, type Mapping, merged } from "./merge.ts";
import { checkPlanner, plannerValues } from "./planner_block.ts";
import { pathText, problemsOf, shown } from "./problems.ts";
import { readAssertion } from "./read_assertion.ts";
import type { Assertion, Scenario } from "./scenario.ts";

/** Where the texts come from: a name as `extends` writes it → its text. */
export type ReadText = (name: string) => Promise<string>;

/** `extends` that leads on for longer than this goes in a circle. */
const DEEPEST = 10;
const LONGEST_TEXT = 1_000_000;
const TOP = [
  ...Object.keys(BLOCKS),
  "extends",
  "planner",
  "events",
  "assertions",
];

/**
 * Loads a scenario.
 *
 * @param name of its file, as messages call it
 * @throws {WattkeeperError} `invalid_config` with every problem, each with its path
 */
export async function loadScenario(
  name: string,
  read: ReadText,
): Promise<Scenario> {
  const { scenario, problems } = await checkScenario(name, read);
  if (scenario) return scenario;
  throw new WattkeeperError(
    "invalid_config",
    `The scenario "${name}" is not valid:\n${
      problems.map((one) => `  ${problemLine(one)}`).join("\n")
    }`,
    { where: name, remedy: "Correct what is listed above." },
  );
}

/** The same without an exception. */
export async function checkScenario(
  name: string,
  read: ReadText,
): Promise<{
  readonly scenario: Scenario | undefined;
  readonly problems: readonly ConfigProblem[];
}> {
  const problems: ConfigProblem[] = [];
  const values = await withBases(name, read, problems);
  const { planner: block = {}, events = [], assertions = [], ...rest } = values;
  for (const key of Object.keys(rest)) {
    if (TOP.includes(key)) continue;
    problems.push({
      path: key,
      found: "found a field that there is not",
      write: `Remove it, or correct its name.${didYouMean(key, TOP)}`,
    });
  }
  const known = Object.fromEntries(
    Object.entries(rest).filter(([key]) => TOP.includes(key)),
  );
  const parsed = BLOCKS_SCHEMA.safeParse(known);
  problems.push(...problemsOf(parsed.error?.issues ?? [], {
    prefix: [],
    value: rest,
    known: keysAt,
  }));
  if (!isMapping(block)) {
    problems.push({
      path: "planner",
      found: `found ${shown(block)}`,
      write: "Write fields and values.",
    });
  }
  const readEvents = listOf("events", events, problems).flatMap((raw, index) =>
    readEvent(raw, ["events", index], problems)
  );
  const ticks = parsed.success ? parsed.data.ticks : 100_000;
  const readAssertions: Assertion[] = [];
  listOf("assertions", assertions, problems).forEach((raw, index) => {
    const found = readAssertion(raw, ["assertions", index], ticks);
    problems.push(...found.problems);
    if (found.assertion) readAssertions.push(found.assertion);
  });
  if (!parsed.success || !isMapping(block)) {
    return { scenario: undefined, problems };
  }
  const { data } = parsed;
  if (data.class === "gamma" && !data.mocker) {
    problems.push({
      path: "mocker",
      found: "found none in a scenario of class gamma",
      write: "Write the mocker block.",
    });
  }
  const checked = checkPlanner(plannerValues(block, {
    fleet: data.class === "gamma"
      ? { ...data.fleet, system: data.overlay.system }
      : data.fleet,
    load: data.mocker
      ? { ...data.load, isl: data.mocker.isl, osl: data.mocker.osl }
      : data.load,
    intervalSeconds: data.interval_s,
  }));
  problems.push(...checked.problems);
  if (!checked.planner || problems.length > 0) {
    return { scenario: undefined, problems };
  }
  return {
    problems,
    scenario: {
      ...data,
      id: name.replace(/^.*\//, "").replace(/\.ya?ml$/, ""),
      planner: checked.planner,
      events: readEvents,
      assertions: readAssertions,
    },
  };
}

async function withBases(
  name: string,
  read: ReadText,
  problems: ConfigProblem[],
  depth = 0,
): Promise<Mapping> {
  const values = readYaml(name, await read(name), problems);
  const { extends: base, ...own } = values;
  if (base === undefined) return own;
  if (typeof base !== "string" || depth >= DEEPEST) {
    problems.push({
      path: "extends",
      found: typeof base === "string"
        ? `found files that extend each other more than ${DEEPEST} deep`
        : `found ${shown(base)}`,
      write: "Write the name of one scenario.",
    });
    return own;
  }
  return merged(await withBases(base, read, problems, depth + 1), own);
}

function readYaml(
  name: string,
  text: string,
  problems: ConfigProblem[],
): Mapping {
  const refuse = (found: string, write: string) => {
    problems.push({ path: "", origin: name, found, write });
    return {};
  };
  if (text.length > LONGEST_TEXT) {
    return refuse(`found ${text.length} characters`, "Name a scenario.");
  }
  try {
    const value: unknown = parse(text, { maxAliasCount: 100 });
    return isMapping(value)
      ? value
      : refuse("found no mapping", "Write fields and values.");
  } catch (error) {
    if (!(error instanceof YAMLParseError) && !(error instanceof Error)) {
      throw error;
    }
    return refuse(
      error.message.split("\n")[0] ?? error.name,
      "Correct the YAML there.",
    );
  }
}

function listOf(
  name: string,
  value: unknown,
  problems: ConfigProblem[],
): readonly unknown[] {
  if (Array.isArray(value)) return value;
  problems.push({
    path: name,
    found: `found ${shown(value)}`,
    write: "Write a list.",
  });
  return [];
}

function readEvent(
  raw: unknown,
  path: readonly PropertyKey[],
  problems: ConfigProblem[],
): readonly ScenarioEvent[] {
  const type = isMapping(raw) ? raw["type"] : undefined;
  const schema = typeof type === "string" ? eventSchema(type) : undefined;
  if (!schema || typeof type !== "string") {
    problems.push({
      path: pathText([...path, "type"]),
      found: `found ${shown(type)}`,
      write: `Write a type of event.${
        typeof type === "string" ? didYouMean(type, EVENT_TYPES) : ""
      }`,
    });
    return [];
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return [parsed.data as ScenarioEvent];
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  problems.push(...problemsOf(parsed.error.issues, {
    prefix: path,
    value: raw,
    known: (inside) => inside.length === 0 ? names : [],
  }));
  return [];
}

/** Keys of a block, or of a block in it. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = BLOCKS_SCHEMA;
  for (const key of path) {
    const inner = unwrapped(schema);
    schema = inner instanceof z.ZodObject
      ? (inner.shape as Record<PropertyKey, unknown>)[key]
      : undefined;
  }
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional || inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) inner = inner.unwrap();
  return inner;
}
