/** Opens a trace file; the only I/O of the trace source. @module */

import { WattkeeperError } from "../../../service/mod.ts";

/**
 * The text of a file, chunk by chunk.
 *
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`
 */
export async function* textChunks(path: string): AsyncGenerator<string> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new WattkeeperError(
        "file_not_found",
        `There is no trace file "${path}".`,
        {
          where: "--trace",
          remedy: "Name an Azure LLM CSV or a Mooncake JSON lines file.",
          cause,
        },
      );
    }
    throw unreadable(path, cause);
  }
  try {
    const reader = (await inflated(file.readable))
      .pipeThrough(new TextDecoderStream());
    for await (const chunk of reader) yield chunk;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Traces are often kept compressed; gzip is known by its first two bytes, whatever the name. */
async function inflated(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const [head, whole] = stream.tee();
  const reader = head.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return value?.[0] === 0x1f && value[1] === 0x8b
    ? whole.pipeThrough(new DecompressionStream("gzip"))
    : whole;
}

function unreadable(path: string, cause: unknown): WattkeeperError {
  return new WattkeeperError(
    "file_unreadable",
    `The trace file "${path}" could not be read: ${
      cause instanceof Error ? cause.message : cause
    }.`,
    {
      where: "--trace",
      remedy: "Name a file that this user may read.",
      cause,
    },
  );
}
