/** Reading bodies of untrusted length: bounded text, and JSON lines. @module */

import { ApiError } from "./api_error.ts";

/**
 * Reads a whole body as UTF-8.
 *
 * @throws {ApiError} `protocol` when it is longer than `maxBytes` or not UTF-8
 */
export async function readText(
  response: Response,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new ApiError(
        "protocol",
        `The answer is longer than ${maxBytes} bytes.`,
      );
    }
    text += decode(decoder, chunk);
  }
  return text + decode(decoder, undefined);
}

/**
 * The lines of a body as they arrive, without their ends. A last line without end is dropped: the connection broke
 * in the middle of it.
 *
 * @throws {ApiError} `protocol` when a line is longer than `maxBytes` or not UTF-8
 */
export async function* readLines(
  response: Response,
  maxBytes: number,
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decode(decoder, chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length > maxBytes) {
      throw new ApiError(
        "protocol",
        `A line of the watch is longer than ${maxBytes} bytes.`,
      );
    }
  }
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined): string {
  try {
    return chunk === undefined
      ? decoder.decode()
      : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new ApiError("protocol", "The answer is not UTF-8.", { cause });
  }
}
