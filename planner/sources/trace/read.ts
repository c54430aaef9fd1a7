/** Reads a trace file into windows, streaming: memory grows with the windows, not with the requests. @module */

import { WattkeeperError } from "../../../service/portable.ts";
import {
  NO_REQUESTS,
  type WindowSums,
  withRequest,
} from "../../predict/mod.ts";
import { azureParser } from "./azure.ts";
import { dynamoLine, looksLikeDynamo } from "./dynamo.ts";
import { numberedLines } from "./lines.ts";
import { looksLikeMooncake, mooncakeLine } from "./mooncake.ts";
import { bad, type TraceLine, type TraceRequest } from "./request.ts";

/** What is read, and how finely. */
export interface TraceInput {
  /** How messages call it: the path. */
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
  readonly windowSeconds: number;
  readonly signal?: AbortSignal;
  /** Called now and then with the lines read so far. */
  readonly onProgress?: (lines: number) => void;
  /** Called with every request, in the order of the lines. */
  readonly onRequest?: (request: TraceRequest) => void;
}

/** A line that holds no request. */
export interface BadLine {
  readonly line: number;
  readonly why: string;
}

/** A trace as windows. */
export interface TraceSummary {
  readonly name: string;
  readonly format: "azure" | "mooncake" | "dynamo";
  readonly requests: number;
  /** First and last request, milliseconds as the trace has them. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly windowSeconds: number;
  /** Sums by window; window 0 begins with the first line's request, and windows before it have negative numbers. */
  readonly windows: ReadonlyMap<number, WindowSums>;
  /** Where window 0 begins. */
  readonly originMs: number;
  readonly badLines: number;
  /** The first few of them. */
  readonly badExamples: readonly BadLine[];
}

/** Windows that are kept apart; a year of 30-second windows. A trace with more has a broken clock. */
const MOST_WINDOWS = 1_100_000;
const SHOWN_BAD_LINES = 5;
/** More bad lines than this share mean that the file is something else. */
const BAD_SHARE = 0.1;
/** So few bad lines are forgiven in a short file. */
const FORGIVEN_BAD_LINES = 2;

/**
 * Reads a whole trace. The format is recognised from the content; the order of the lines does not matter.
 *
 * @throws {WattkeeperError} `invalid_file` when it is no trace, is empty, or has too many bad lines
 */
export async function readTrace(input: TraceInput): Promise<TraceSummary> {
  const windowMs = input.windowSeconds * 1000;
  const windows = new Map<number, WindowSums>();
  const badExamples: BadLine[] = [];
  let parse: ((line: string) => TraceLine) | undefined;
  let format: TraceSummary["format"] = "azure";
  let [lines, requests, badLines] = [0, 0, 0];
  let [originMs, firstMs, lastMs] = [Number.NaN, Infinity, -Infinity];
  for await (const { number, text, cut } of numberedLines(input.chunks)) {
    if (number % 4096 === 0) {
      input.signal?.throwIfAborted();
      input.onProgress?.(number);
    }
    if (text.trim() === "") continue;
    if (!parse) {
      parse = azureParser(text);
      if (parse) continue;
      if (looksLikeDynamo(text)) [format, parse] = ["dynamo", dynamoLine];
      else if (looksLikeMooncake(text)) {
        [format, parse] = ["mooncake", mooncakeLine];
      } else throw notATrace(input.name, text);
    }
    lines++;
    const line = cut ? bad("a line without an end") : parse(text);
    if (line.kind === "other") continue;
    if (line.kind === "bad") {
      badLines++;
      if (badExamples.length < SHOWN_BAD_LINES) {
        badExamples.push({ line: number, why: line.why });
      }
      continue;
    }
    const { atMs, inputTokens, outputTokens } = line.request;
    input.onRequest?.(line.request);
    if (requests === 0) originMs = atMs;
    requests++;
    firstMs = Math.min(firstMs, atMs);
    lastMs = Math.max(lastMs, atMs);
    const index = Math.floor((atMs - originMs) / windowMs);
    const sums = windows.get(index) ?? NO_REQUESTS;
    windows.set(index, withRequest(sums, inputTokens, outputTokens));
    if (windows.size > MOST_WINDOWS) throw tooManyWindows(input);
  }
  checkBadLines(input.name, { lines, requests, badLines, badExamples });
  return {
    name: input.name,
    format,
    requests,
    firstMs,
    lastMs,
    windowSeconds: input.windowSeconds,
    windows,
    originMs,
    badLines,
    badExamples,
  };
}

/** `line 7: no JSON; line 9: …` */
export function badLineText(examples: readonly BadLine[]): string {
  return examples.map(({ line, why }) => `line ${line}: ${why}`).join("; ");
}

function checkBadLines(
  name: string,
  { lines, requests, badLines, badExamples }: {
    readonly lines: number;
    readonly requests: number;
    readonly badLines: number;
    readonly badExamples: readonly BadLine[];
  },
): void {
  if (lines === 0) {
    throw new WattkeeperError(
      "invalid_file",
      `The trace "${name}" holds no request.`,
      { where: "--trace", remedy: FORMATS },
    );
  }
  const tooMany = badLines > FORGIVEN_BAD_LINES && badLines > lines * BAD_SHARE;
  if (requests > 0 && !tooMany) return;
  if (badLines === 0) {
    throw new WattkeeperError(
      "invalid_file",
      `None of the ${lines} records of the trace "${name}" is a request's end.`,
      { where: "--trace", remedy: FORMATS },
    );
  }
  throw new WattkeeperError(
    "invalid_file",
    `${badLines} of ${lines} lines of the trace "${name}" hold no request: ${
      badLineText(badExamples)
    }.`,
    { where: "--trace", remedy: FORMATS },
  );
}

const FORMATS =
  "Name an Azure LLM CSV (TIMESTAMP,ContextTokens,GeneratedTokens), Mooncake JSON lines (timestamp in ms, input_length, output_length) or Dynamo request traces (schema dynamo.request.trace.v1).";

function notATrace(name: string, text: string): WattkeeperError {
  const seen = text.slice(0, 60).replace(/[\p{Cc}\uFFFD]/gu, "?");
  return new WattkeeperError(
    "invalid_file",
    `The file "${name}" is not a trace: it begins with "${seen}".`,
    { where: "--trace", remedy: FORMATS },
  );
}

function tooManyWindows(input: TraceInput): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `The trace "${input.name}" spans more than ${MOST_WINDOWS} windows of ${input.windowSeconds} s with requests.`,
    {
      where: "--trace",
      remedy:
        "Check its times, or raise throughput_adjustment_interval_seconds.",
    },
  );
}
