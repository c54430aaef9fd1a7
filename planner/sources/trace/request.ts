/** One request of a trace, and what is wrong with a line that holds none. @module */

/** A request as every format gives it. */
export interface TraceRequest {
  /** Milliseconds; a date, or an offset, as the trace has it. */
  readonly atMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Numbers of the prompt's blocks of 512 tokens: equal numbers are equal text (Mooncake's `hash_ids`). */
  readonly blocks?: readonly number[];
}

/** A line of a trace: a request, or why it is none. */
export type TraceLine =
  | { readonly kind: "request"; readonly request: TraceRequest }
  /** A record of something else that belongs in the file. */
  | { readonly kind: "other" }
  | { readonly kind: "bad"; readonly why: string };

/** No model takes more tokens; beyond it a number is a fault of the file. */
const MOST_TOKENS = 100_000_000;
/** The year 5138; later times are a fault of the file. */
const LATEST_MS = 1e14;

/** Checks the numbers of a line, whatever the format. */
export function traceLine(request: TraceRequest): TraceLine {
  const { atMs, inputTokens, outputTokens } = request;
  if (!Number.isFinite(atMs) || Math.abs(atMs) > LATEST_MS) {
    return bad(`a time of ${atMs} ms`);
  }
  if (!isCount(inputTokens) || inputTokens < 1) {
    return bad(`${inputTokens} input tokens`);
  }
  if (!isCount(outputTokens)) return bad(`${outputTokens} output tokens`);
  return { kind: "request", request };
}

/** A bad line. */
export function bad(why: string): TraceLine {
  return { kind: "bad", why };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS;
}
