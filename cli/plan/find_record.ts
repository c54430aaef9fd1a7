/** Where `explain` gets a decision from: a running planner, or a decisions file. @module */

import { messageOf } from "../../planner/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";

/** Longest wait for a planner. */
const TIMEOUT_MS = 10_000;
/** A record is some kilobytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Asks a running planner.
 *
 * @param id undefined: the last one
 * @throws {WattkeeperError} `planner_unreachable`, `invalid_value` for an address or an id that it does not have
 */
export async function recordOfPlanner(
  address: string,
  id: number | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  let base: URL;
  try {
    base = new URL(address);
    if (!/^https?:$/.test(base.protocol)) throw new TypeError("not HTTP");
  } catch {
    throw new WattkeeperError(
      "invalid_value",
      `"${address}" is not the address of a planner.`,
      { where: "--planner", remedy: "Write http://127.0.0.1:9090." },
    );
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const path = id === undefined
    ? "api/v1/decisions?limit=1"
    : `api/v1/decisions/${id}`;
  const { status, body } = await ask(new URL(path, base), signal);
  if (status === 404) {
    throw new WattkeeperError(
      "invalid_value",
      `The planner at ${address} does not keep decision ${id}.`,
      {
        where: "ID",
        remedy:
          "Leave the id out for the last one, or read an older one from its decisions file.",
      },
    );
  }
  if (status !== 200) {
    throw unreachable(address, `it answered with status ${status}`);
  }
  if (id !== undefined) return body;
  const list = isRecord(body) ? body["decisions"] : undefined;
  if (!Array.isArray(list)) {
    throw unreachable(address, "its answer is not a planner's");
  }
  if (list.length === 0) {
    throw new WattkeeperError(
      "invalid_value",
      `The planner at ${address} has decided nothing yet.`,
      { where: "--planner", remedy: "Ask again after its first tick." },
    );
  }
  return list[0];
}

async function ask(
  url: URL,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      redirect: "error",
      headers: { accept: "application/json" },
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MOST_BYTES) {
        throw new TypeError("the answer is too long");
      }
    }
    if (response.status !== 200) return { status: response.status, body: null };
    return { status: 200, body: JSON.parse(text) };
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(url.origin, messageOf(cause), cause);
  }
}

function unreachable(
  address: string,
  because: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "planner_unreachable",
    `No planner answers at ${address}: ${because}.`,
    {
      where: "--planner",
      remedy:
        "Write the address that the planner was given with --listen, or use --decisions FILE.",
      cause,
    },
  );
}

/**
 * Reads a decisions file, one line in memory at a time.
 *
 * @param id undefined: the last one; with several of one id (a restart without a state file) the newest
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, `invalid_file`, `invalid_value`
 */
export async function recordOfFile(
  path: string,
  id: number | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  let found: unknown;
  let number = 0;
  let broken: { readonly number: number; readonly cause: unknown } | undefined;
  for await (const line of linesOf(path)) {
    if (++number % 1024 === 0) signal.throwIfAborted();
    if (line.trim() === "") continue;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch (cause) {
      // The last line may be one that is being written.
      broken = { number, cause };
      continue;
    }
    if (id === undefined || idOf(record) === id) found = record;
  }
  if (found !== undefined) return found;
  if (broken) {
    throw new WattkeeperError(
      "invalid_file",
      `Line ${broken.number} of "${path}" is not JSON.`,
      {
        where: "--decisions",
        remedy: "Name a file that `plan --decisions FILE` wrote.",
        cause: broken.cause,
      },
    );
  }
  throw new WattkeeperError(
    "invalid_value",
    id === undefined
      ? `There is no decision in "${path}".`
      : `There is no decision ${id} in "${path}".`,
    { where: "ID", remedy: "Leave the id out for the last one." },
  );
}
async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    using file = await Deno.open(path);
    let rest = "";
    for await (
      const text of file.readable.pipeThrough(new TextDecoderStream())
    ) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MOST_BYTES) {
        throw new TypeError(`A line is longer than ${MOST_BYTES} bytes`);
      }
      yield* lines;
    }
    yield rest;
  } catch (cause) {
    if (cause instanceof WattkeeperError) throw cause;
    const missing = cause instanceof Deno.errors.NotFound;
    throw new WattkeeperError(
      missing ? "file_not_found" : "file_unreadable",
      missing
        ? `There is no decisions file "${path}".`
        : `The decisions file "${path}" could not be read: ${
          messageOf(cause)
        }.`,
      {
        where: "--decisions",
        remedy: "Name a file that `plan --decisions FILE` wrote.",
        cause,
      },
    );
  }
}

function idOf(record: unknown): unknown {
  return isRecord(record) ? record["id"] ?? record["sequence"] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
