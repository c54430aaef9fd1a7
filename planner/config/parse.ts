/** From a text to a validated configuration, with every problem at once (R1). @module */

import { z } from "zod";
import { nearestNames, WattkeeperError } from "../../service/portable.ts";
import { adviceFor } from "./advice.ts";
import { isRecord, readDocument } from "./document.ts";
import { ENGINE_SCHEMA } from "./engine_fields.ts";
import { textOf } from "./field.ts";
import {
  FIELD_NAMES,
  type FieldName,
  type Fields,
  FIELDS_SCHEMA,
} from "./fields.ts";
import { SCHEDULING_SCHEMA } from "./fields/scaling.ts";
import { fromFields } from "./from_fields.ts";
import { type Layers, mergeLayers } from "./layers.ts";
import type { PlannerConfig } from "./planner_config.ts";
import { type ConfigProblem, problemLine, shown } from "./problem.ts";
import { brokenRules, PICK_NAMES, type ValidFields } from "./rules.ts";
import { ALIASES } from "./upstream.ts";

/** A configuration's text and everything that goes on top of it. */
export interface ConfigInput {
  /** YAML or JSON; empty for defaults alone. */
  readonly text: string;
  /** How messages call the file. */
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: Layers["flags"];
}

/** What checking found; `config` is there exactly when there is no problem. */
export interface CheckedConfig {
  readonly config: PlannerConfig | undefined;
  /** The values behind it by their names in the file, defaults filled in. */
  readonly fields?: Fields;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** Checks a configuration and reports every problem; never throws. */
export function checkPlannerConfig(input: ConfigInput): CheckedConfig {
  const document = readDocument(input.text, input.name);
  if (document.problems.length > 0) {
    return { config: undefined, problems: document.problems, warnings: [] };
  }
  const merged = mergeLayers({
    document,
    name: input.name,
    environment: input.environment ?? {},
    flags: input.flags ?? [],
  });
  const at = (
    path: readonly PropertyKey[],
    found: string,
    write: string,
  ): ConfigProblem => {
    const origin = merged.originOf(path);
    return {
      path: path.join("."),
      ...(origin === undefined ? {} : { origin }),
      found,
      write,
    };
  };
  const parsed = FIELDS_SCHEMA.safeParse(merged.values);
  const problems = [...merged.problems];
  for (const issue of parsed.error?.issues ?? []) {
    problems.push(...problemsOf(issue, merged.values, at));
  }
  const valid = parsed.success ? parsed.data : validAlone(merged.values);
  const already = new Set(
    problems.map((problem) => problem.path.split(".")[0]),
  );
  for (const rule of brokenRules(valid)) {
    if (already.has(rule.path[0])) continue;
    problems.push(at(rule.path, rule.found, rule.write));
  }
  if (!parsed.success || problems.length > 0) {
    return { config: undefined, problems, warnings: merged.warnings };
  }
  const config = fromFields(parsed.data);
  return {
    config,
    fields: parsed.data,
    problems,
    warnings: [...merged.warnings, ...adviceFor(config)],
  };
}

/**
 * As {@linkcode checkPlannerConfig}, for callers that cannot go on without a configuration.
 *
 * @throws {WattkeeperError} `invalid_config` with every problem in its message
 */
export function parsePlannerConfig(
  input: ConfigInput,
): {
  readonly config: PlannerConfig;
  readonly warnings: readonly ConfigProblem[];
} {
  const { config, problems, warnings } = checkPlannerConfig(input);
  if (!config) throw invalidConfig(input.name, problems);
  return { config, warnings };
}

/** The error that lists every problem. */
export function invalidConfig(
  name: string,
  problems: readonly ConfigProblem[],
): WattkeeperError {
  const count = problems.length === 1
    ? "a problem"
    : `${problems.length} problems`;
  return new WattkeeperError(
    "invalid_config",
    `The configuration ${name} has ${count}:\n${
      problems.map((problem) => `  ${problemLine(problem)}`).join("\n")
    }`,
    {
      remedy:
        "Correct every line above; docs/configuration.md describes the fields.",
    },
  );
}

/** Fields whose values never appear in a message. */
const SECRETS = new Set(["prometheus_bearer_token", "control_api_token"]);

type At = (
  path: readonly PropertyKey[],
  found: string,
  write: string,
) => ConfigProblem;

function problemsOf(
  issue: z.core.$ZodIssue,
  values: unknown,
  at: At,
): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) =>
      at(
        [...issue.path, key],
        `found a field that is not known`,
        unknownField(key, issue.path),
      )
    );
  }
  const found = valueAt(values, issue.path);
  const secret = SECRETS.has(String(issue.path[0]));
  return [
    at(
      issue.path,
      `found ${secret ? "a value that is kept secret" : shown(found)}`,
      writeFor(issue.path),
    ),
  ];
}

function unknownField(key: string, parent: readonly PropertyKey[]): string {
  const known = parent.length === 0
    ? [...FIELD_NAMES, ...Object.keys(ALIASES)]
    : parent.length === 1
    ? Object.keys(
      parent[0] === "scheduling"
        ? SCHEDULING_SCHEMA.shape
        : ENGINE_SCHEMA.shape,
    )
    : PICK_NAMES;
  const [nearest] = nearestNames(key, known);
  return nearest === undefined
    ? "Remove it."
    : `Remove it, or write ${nearest}, the nearest known field.`;
}

/** The text of the innermost described schema on the way to the value. */
function writeFor(path: readonly PropertyKey[]): string {
  let schema: unknown = FIELDS_SCHEMA;
  let write = "Write another value.";
  for (const key of path) {
    const shape = shapeOf(schema);
    const next = shape?.[String(key)];
    if (next === undefined) break;
    schema = next;
    if (next instanceof z.ZodType) write = textOf(next)?.write ?? write;
  }
  return write;
}

function shapeOf(
  schema: unknown,
): Readonly<Record<string, unknown>> | undefined {
  if (schema instanceof z.ZodObject) return schema.shape;
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? shapeOf(schema.unwrap())
    : undefined;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => isRecord(value) ? value[String(key)] : undefined,
    values,
  );
}

/** Every field that is valid by itself, so that the rules between fields speak up in the same report. */
function validAlone(values: Readonly<Record<string, unknown>>): ValidFields {
  const entries = FIELD_NAMES.flatMap((name: FieldName) => {
    const parsed = FIELDS_SCHEMA.shape[name].safeParse(values[name]);
    return parsed.success ? [[name, parsed.data] as const] : [];
  });
  return Object.fromEntries(entries);
}
