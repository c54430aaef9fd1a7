/** Many questions: JSON lines in, one answer a line out, order kept. @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { EstimatorOpener } from "../open_estimator.ts";
import {
  answerCase,
  type EstimateRow,
  type RefusedRow,
  refusedRow,
} from "./answer.ts";
import type { RawCase } from "./case_fields.ts";

/** Longest line that is read as a question, characters. */
const LONGEST_LINE = 65_536;

function parse(line: string, number: number): RawCase {
  if (line.length > LONGEST_LINE) {
    throw new WattkeeperError(
      "invalid_value",
      `Line ${number} has ${line.length} characters; a question has at most ${LONGEST_LINE}.`,
      { where: `line ${number}` },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new WattkeeperError(
      "invalid_value",
      `Line ${number} is not JSON: ${(cause as Error).message}.`,
      { where: `line ${number}`, cause },
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as RawCase;
  }
  throw new WattkeeperError(
    "invalid_value",
    `Line ${number} must be a JSON object with the fields of a case.`,
    { where: `line ${number}` },
  );
}

function idOf(value: RawCase | undefined): RefusedRow["id"] {
  const id = value?.["id"];
  return typeof id === "string" || typeof id === "number" ? id : null;
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
      yield refusedRow(idOf(raw), error);
    }
  }
}
