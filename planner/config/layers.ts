/** Puts flag, environment and file on top of each other (R1) and remembers where each value came from. @module */

import { nearestNames } from "../../service/portable.ts";
import { type ConfigDocument, isRecord } from "./document.ts";
import { FIELD_NAMES, type FieldName, FIELDS_SCHEMA } from "./fields.ts";
import { type ConfigProblem, shown } from "./problem.ts";
import {
  ALIASES,
  UNSUPPORTED_FIELDS,
  UNSUPPORTED_INSIDE,
  type UnsupportedField,
  UPSTREAM_ENVIRONMENT,
} from "./upstream.ts";

/** The merged values before validation. */
export interface MergedValues {
  /** By canonical field name; unknown names stay and fail validation. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the value of a top-level field came from. */
  originOf(path: readonly PropertyKey[]): string | undefined;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/** What is merged. */
export interface Layers {
  readonly document: ConfigDocument;
  /** How messages call the file. */
  readonly name: string;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fields set by command-line flags, with the flag that set each. */
  readonly flags: readonly {
    readonly field: FieldName;
    readonly flag: string;
    readonly value: unknown;
  }[];
}

/** Precedence: flag, `WATTKEEPER_<FIELD>`, upstream's environment variable, file. */
export function mergeLayers(layers: Layers): MergedValues {
  // No prototype: a field called "constructor" is only a name.
  const values: Record<string, unknown> = Object.create(null);
  const origins = new Map<string, string | { readonly alias: string }>();
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const lineOf = (path: readonly PropertyKey[]) => {
    const line = layers.document.lineOf(path);
    return line === undefined ? layers.name : `${layers.name}:${line}`;
  };

  const judge = (
    path: readonly string[],
    value: unknown,
    { harmless, instead }: UnsupportedField,
  ) => {
    const isHarmless = harmless.includes(value) || isEmpty(value);
    (isHarmless ? warnings : problems).push({
      path: path.join("."),
      origin: lineOf(path),
      found: `found ${shown(value)}, a field of upstream that has no ${
        isHarmless ? "effect" : "equivalent"
      } here`,
      write: instead,
    });
  };
  /** A block without the fields inside it that we know and do not support. */
  const supportedPart = (
    name: string,
    block: unknown,
    unsupported: Readonly<Record<string, UnsupportedField>>,
  ): unknown => {
    if (!isRecord(block)) return block;
    return Object.fromEntries(
      Object.entries(block).filter(([field, value]) => {
        const known = own(unsupported, field);
        if (known && value !== null) judge([name, field], value, known);
        return known === undefined;
      }),
    );
  };

  for (const [written, value] of Object.entries(layers.document.values)) {
    if (value === null || value === undefined) continue;
    const unsupported = own(UNSUPPORTED_FIELDS, written);
    if (unsupported) {
      judge([written], value, unsupported);
      continue;
    }
    const name = own(ALIASES, written) ?? written;
    if (name in values) {
      problems.push({
        path: written,
        origin: lineOf([written]),
        found: `found both this and ${name}`,
        write: `Keep one of the two.`,
      });
      continue;
    }
    if (name === "load_predictor" && value === "prophet") {
      values[name] = "seasonal";
      warnings.push({
        path: name,
        origin: lineOf([written]),
        found: 'found "prophet"',
        write: "It is read as seasonal; write seasonal.",
      });
    } else {
      const inside = own(UNSUPPORTED_INSIDE, name);
      values[name] = inside ? supportedPart(name, value, inside) : value;
    }
    origins.set(name, { alias: written });
  }
  for (const [variable, name] of Object.entries(UPSTREAM_ENVIRONMENT)) {
    const raw = layers.environment[variable];
    if (raw === undefined || raw === "") continue;
    values[name] = name === "prometheus_verify"
      ? /^(1|true|yes)$/i.test(raw)
      : name === "prometheus_extra_query_params"
      ? fromQueryString(raw)
      : fromText(name, raw);
    origins.set(name, variable);
  }
  for (const name of FIELD_NAMES) {
    const variable = `WATTKEEPER_${name.toUpperCase()}`;
    const raw = layers.environment[variable];
    if (raw === undefined || raw === "") continue;
    values[name] = fromText(name, raw);
    origins.set(name, variable);
  }
  warnings.push(...mistypedVariables(layers.environment));
  for (const { field, flag, value } of layers.flags) {
    values[field] = value;
    origins.set(field, flag);
  }
  return {
    values,
    problems,
    warnings,
    originOf(path) {
      const origin = origins.get(String(path[0]));
      return origin === undefined || typeof origin === "string"
        ? origin
        : lineOf([origin.alias, ...path.slice(1)]);
    },
  };
}

/** A text from the environment as the value that the field's schema takes: itself, else as JSON. */
function fromText(name: FieldName, raw: string): unknown {
  if (FIELDS_SCHEMA.shape[name].safeParse(raw).success) return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

/** Strict, as upstream's: every part is name=value. What is not stays a text, which the schema refuses. */
function fromQueryString(raw: string): unknown {
  const parts = raw.replace(/^\?/, "").split("&");
  return parts.every((part) => /^[^=\s]+=\S*$/.test(part))
    ? Object.fromEntries(new URLSearchParams(raw))
    : raw;
}

/** Letters too many or too few in a mistyped name. */
const LONGEST_SLIP = 2;

/** Variables that look as if a field was meant; nothing reads them. */
function mistypedVariables(
  environment: Readonly<Record<string, string>>,
): ConfigProblem[] {
  const known = new Set(
    FIELD_NAMES.map((name) => `WATTKEEPER_${name.toUpperCase()}`),
  );
  return Object.keys(environment).flatMap((variable) => {
    if (!variable.startsWith("WATTKEEPER_") || known.has(variable)) return [];
    const written = variable.slice("WATTKEEPER_".length).toLowerCase();
    const [nearest] = nearestNames(written, FIELD_NAMES, 1);
    // A part of a field's name is another word, not a slip: the variable may be meant for something else.
    const isSlip = nearest !== undefined &&
      Math.abs(nearest.length - written.length) <= LONGEST_SLIP;
    return !isSlip ? [] : [{
      path: "",
      origin: variable,
      found: "found a variable that no field reads",
      write: `Remove it, or write WATTKEEPER_${nearest.toUpperCase()}.`,
    }];
  });
}

/** An empty list or block says nothing. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length === 0
    : isRecord(value) && Object.keys(value).length === 0;
}

function own<Value>(
  table: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
