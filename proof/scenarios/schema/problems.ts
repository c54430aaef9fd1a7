/** Findings of a schema as problems with a path, what was found, and the nearest right name. @module */

import type { z } from "zod";
import type { ConfigProblem } from "../../../planner/mod.ts";
import { didYouMean } from "../../../service/mod.ts";

/** Keys that the schema of a path knows; empty where it knows none. */
export type KnownKeys = (path: readonly PropertyKey[]) => readonly string[];

/** One problem for each finding; an unknown field names the nearest known one. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  { prefix, value, known }: {
    readonly prefix: readonly PropertyKey[];
    readonly value: unknown;
    readonly known: KnownKeys;
  },
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        found: "found a field that there is not",
        write: `Remove it, or correct its name.${
          didYouMean(key, known(issue.path))
        }`,
      }));
    }
    const found = valueAt(value, issue.path);
    return [{
      path: pathText(path),
      found: `found ${shown(found)}`,
      write: expected(issue),
    }];
  });
}

/** `events[2].signal`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number"
        ? `${text}[${part}]`
        : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
}

/** A value in a message, shortened. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `Write ${issue.values.length === 1 ? "" : "one of "}${
        issue.values.slice(0, 12).map((value) => JSON.stringify(value)).join(
          ", ",
        )
      }.${
        typeof issue.input === "string"
          ? didYouMean(issue.input, issue.values.map(String))
          : ""
      }`;
    case "invalid_type":
      return `Write ${article(issue.expected)}.`;
    case "too_small":
      return `Write at least ${issue.minimum}${
        issue.inclusive === false ? " and more" : ""
      }.`;
    case "too_big":
      return `Write at most ${issue.maximum}.`;
    default:
      return `${issue.message}.`;
  }
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    int: "a whole number",
    number: "a number",
    string: "a text",
    boolean: "true or false",
    array: "a list",
    object: "fields and values",
    record: "fields and values",
  };
  return names[type] ?? type;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null
        ? (at as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}
