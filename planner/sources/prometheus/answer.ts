/** Reads an answer of Prometheus' query API; a broken series is left out, a broken answer is an error. @module */

import { QueryError } from "./query_error.ts";

/** One series of an instant vector. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite: that is for the reader to judge. */
  readonly value: number;
}

/** An instant vector. */
export interface QueryAnswer {
  readonly samples: readonly Sample[];
  /** Series that could not be read. */
  readonly malformed: number;
  /** What the server warned of: with a federation this means that part of the data is missing. */
  readonly warnings: readonly string[];
}

/** More series than any query here can have; more is a wrong server. */
const MOST_SERIES = 20_000;

/**
 * @param text body of `/api/v1/query`
 * @throws {QueryError} `bad_answer`
 */
export function readAnswer(text: string): QueryAnswer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw bad(`it is no JSON, it begins with "${beginning(text)}"`);
  }
  const status = fieldOf(parsed, "status");
  if (status !== "success") {
    const error = fieldOf(parsed, "error");
    throw bad(
      typeof error === "string"
        ? `it says "${beginning(error)}"`
        : `its status is ${JSON.stringify(status) ?? "missing"}`,
    );
  }
  const data = fieldOf(parsed, "data");
  const result = fieldOf(data, "result");
  const warnings = textsIn(fieldOf(parsed, "warnings"));
  switch (fieldOf(data, "resultType")) {
    case "scalar": {
      const value = valueOf(result);
      return {
        samples: value === undefined ? [] : [{ labels: {}, value }],
        malformed: value === undefined ? 1 : 0,
        warnings,
      };
    }
    case "vector": {
      if (!Array.isArray(result)) throw bad("its result is no list");
      if (result.length > MOST_SERIES) {
        throw bad(`it has ${result.length} series`);
      }
      const samples = result.flatMap(sampleOf);
      return { samples, malformed: result.length - samples.length, warnings };
    }
    default:
      throw bad("its result is no instant vector");
  }
}

function bad(what: string): QueryError {
  return new QueryError("bad_answer", `The answer cannot be used: ${what}.`);
}

function sampleOf(series: unknown): Sample[] {
  const value = valueOf(fieldOf(series, "value"));
  if (value === undefined) return [];
  const metric = fieldOf(series, "metric") ?? {};
  if (typeof metric !== "object") return [];
  const labels = Object.fromEntries(
    Object.entries(metric).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    ),
  );
  return [{ labels, value }];
}

/** `[time, "value"]`; Prometheus writes NaN, +Inf and -Inf as texts. */
function valueOf(pair: unknown): number | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const text: unknown = pair[1];
  if (typeof text !== "string" || text.trim() === "") return undefined;
  if (/^[+-]?inf$/i.test(text)) {
    return text.startsWith("-") ? -Infinity : Infinity;
  }
  const value = Number(text);
  return Number.isNaN(value) && text !== "NaN" ? undefined : value;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null &&
      Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((text) => typeof text === "string").slice(0, 5)
    : [];
}

function beginning(text: string): string {
  return text.slice(0, 120).replace(/\p{Cc}/gu, " ");
}
