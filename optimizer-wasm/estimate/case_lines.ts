/** Many questions: JSON lines in, one answer a line out, order kept. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { EstimatorOpener } from "../open_estimator.ts";
import {
  answerCase,
  type EstimateRow,
  type RefusedRow,
  refusedRow,
} from "./answer.ts";
import type { CaseId, RawCase } from "./case_fields.ts";

/** Longest line that is read as a question, characters. */
const LONGEST_LINE = 65_536;

/** A JSON text, or a number that only other writers of JSON know. */
const TEXT_OR_NO_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
/** The id of a line that is no JSON as a whole. */
const ID =
  /"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*(?:[,}]|$)))/;

function parse(line: string, number: number): RawCase {
  const where = `line ${number}`;
  if (line.length > LONGEST_LINE) {
    throw new WattkeeperError(
      "invalid_value",
      `Line ${number} is longer than the ${LONGEST_LINE} characters that a question has at most.`,
      { where },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    value = withNamedNonNumbers(line);
    if (value === undefined) {
      throw new WattkeeperError(
        "invalid_value",
        `Line ${number} is not JSON: ${(cause as Error).message}.`,
        { where, cause },
      );
    }
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as RawCase;
  }
  throw new WattkeeperError(
    "invalid_value",
    `Line ${number} must be a JSON object with the fields of a case.`,
    { where },
  );
}

/** NaN and Infinity, which Python writes, as texts: the refusal then names the field that holds one. */
function withNamedNonNumbers(line: string): unknown {
  const named = line.replaceAll(
    TEXT_OR_NO_NUMBER,
    (found) => found.startsWith('"') ? found : JSON.stringify(found),
  );
  if (named === line) return undefined;
  try {
    return JSON.parse(named);
  } catch {
    return undefined;
  }
}

/**
 * The id of a line, so that a refusal can be told from others also when the line is broken. A number that JSON cannot
 * hold comes back as the text it was.
 */
function idOf(line: string, raw: RawCase | undefined): CaseId {
  const id = raw?.["id"];
  const isHeld = typeof id !== "number" || Number.isSafeInteger(id) ||
    Number.isFinite(id) && !Number.isInteger(id);
  if (raw !== undefined && isHeld) return (id ?? null) as CaseId;
  const text = ID.exec(line)?.[1];
  if (text === undefined) return null;
  if (!text.startsWith('"') && !Number.isSafeInteger(Number(text))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Answers line after line; a line that cannot be answered becomes a refused row. Blank lines are passed over. */
export async function* answerLines(
  opener: EstimatorOpener,
  lines: AsyncIterable<string>,
  options: { readonly perOperator: boolean; readonly signal: AbortSignal },
): AsyncGenerator<EstimateRow | RefusedRow> {
  let number = 0;
  for await (const line of lines) {
    number++;
    options.signal.throwIfAborted();
    if (line.trim() === "") continue;
    let raw: RawCase | undefined;
    try {
      raw = parse(line, number);
      yield await answerCase(opener, raw, options.perOperator);
    } catch (error) {
      yield refusedRow(idOf(line, raw), error);
    }
  }
}
