/** Reads a response body up to a size. @module */

import { QueryError } from "./query_error.ts";

/** No answer here is larger; a server that sends more is stopped. */
export const LARGEST_ANSWER = 8_000_000;

/**
 * @throws {QueryError} `bad_answer` when the body is longer; the rest is not read
 */
export async function boundedText(
  response: Response,
  largest = LARGEST_ANSWER,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > largest) {
      throw new QueryError(
        "bad_answer",
        `The answer is longer than ${largest} bytes.`,
      );
    }
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return new TextDecoder().decode(whole);
}
