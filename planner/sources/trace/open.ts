/** Opens a trace file; the only I/O of the trace source. @module */

import { WattkeeperError } from "../../../service/portable.ts";

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
    const reader = (await inflated(file))
      .pipeThrough(new TextDecoderStream());
    for await (const chunk of reader) yield chunk;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Traces are often kept compressed; gzip is known by its first two bytes, whatever the name. */
async function inflated(
  file: Deno.FsFile,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const head = new Uint8Array(2);
  const length = await file.read(head);
  const stream = length === null
    ? file.readable
    : file.readable.pipeThrough(beginningWith(head.subarray(0, length)));
  return head[0] === 0x1f && head[1] === 0x8b
    ? stream.pipeThrough(new DecompressionStream("gzip"))
    : stream;
}

/** Puts back what was read to look at it; a pipe cannot be rewound. */
function beginningWith(
  head: Uint8Array<ArrayBuffer>,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    start: (controller) => controller.enqueue(head),
  });
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
