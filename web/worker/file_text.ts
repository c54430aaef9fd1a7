/** The text of a dropped file, plain or gzip. @module */

import { WattkeeperError } from "../../service/portable.ts";

/**
 * Its text, chunk by chunk.
 *
 * @throws {WattkeeperError} `file_unreadable`
 */
export async function* fileText(file: File): AsyncGenerator<string> {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const bytes = first === 0x1f && second === 0x8b
    ? file.stream().pipeThrough(new DecompressionStream("gzip"))
    : file.stream();
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw new WattkeeperError(
      "file_unreadable",
      `The file "${file.name}" could not be read: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      { where: file.name, cause },
    );
  }
}
