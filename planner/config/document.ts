/** Reads a YAML or JSON text into plain values and remembers the line of each. @module */

import { isMap, LineCounter, parseAllDocuments } from "yaml";
import type { ConfigProblem } from "./problem.ts";

/** A file's top level with the way back to its lines. */
export interface ConfigDocument {
  readonly values: Readonly<Record<string, unknown>>;
  /** Line of the value at a path, counted from 1; of its nearest parent when the value is missing. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** More than any configuration needs; keeps a wrong file from being parsed for minutes. */
const LARGEST_TEXT = 1_000_000;

/**
 * Parses the text of a configuration file. Never throws: what is wrong is a problem.
 *
 * @param text YAML or JSON
 * @param name how messages call the file
 */
export function readDocument(text: string, name: string): ConfigDocument {
  if (text.length > LARGEST_TEXT) {
    return broken(
      name,
      `found ${text.length} characters`,
      "Name a planner configuration, a YAML or JSON file of a few kilobytes.",
    );
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
  });
  if (!Array.isArray(documents) || documents.length === 0) {
    return { values: {}, lineOf: () => undefined, problems: [] };
  }
  if (documents.length > 1) {
    return broken(
      name,
      `found ${documents.length} YAML documents`,
      "Keep one document and remove the --- lines.",
    );
  }
  const document = documents[0];
  if (!document) return { values: {}, lineOf: () => undefined, problems: [] };
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    path: "",
    origin: `${name}:${lines.linePos(error.pos[0]).line}`,
    found: error.message.split("\n")[0] ?? error.code,
    write: "Correct the YAML at this line.",
  }));
  if (problems.length > 0) {
    const json = strictJson(text);
    return json
      ? { values: json, lineOf: () => undefined, problems: [] }
      : { values: {}, lineOf: () => undefined, problems };
  }
  let values: unknown;
  try {
    values = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return broken(
      name,
      error instanceof Error ? error.message : String(error),
      "Write the values out instead of aliases.",
    );
  }
  if (values === null || values === undefined) values = {};
  if (!isRecord(values)) {
    return broken(
      name,
      `found ${Array.isArray(values) ? "a list" : "a single value"}`,
      "Write fields and values, for example `mode: disagg`.",
    );
  }
  return {
    values,
    problems: [],
    lineOf(path) {
      if (path.length > 0 && isMap(document.contents)) {
        const pair = document.contents.items.find((item) =>
          String(item.key) === String(path[0])
        );
        const key = pair?.key;
        if (path.length === 1 && hasRange(key)) {
          return lines.linePos(key.range[0]).line;
        }
      }
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (hasRange(node)) return lines.linePos(node.range[0]).line;
      }
      return undefined;
    },
  };
}

function broken(name: string, found: string, write: string): ConfigDocument {
  return {
    values: {},
    lineOf: () => undefined,
    problems: [{ path: "", origin: name, found, write }],
  };
}

function strictJson(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function hasRange(
  node: unknown,
): node is { readonly range: readonly [number, ...number[]] } {
  return typeof node === "object" && node !== null && "range" in node &&
    Array.isArray(node.range) && typeof node.range[0] === "number";
}

/** A plain object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
