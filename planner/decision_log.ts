/** Decisions as JSON lines in a file. @module */

import { WattkeeperError } from "../service/mod.ts";

/** Lines that wait for a slow disk at most. */
const MOST_WAITING = 1000;

/** A file that records are appended to. */
export interface JsonLog extends AsyncDisposable {
  /** Resolves when the line is written. @throws {WattkeeperError} `write_failed` */
  append(record: unknown): Promise<void>;
  /**
   * Takes a record and writes it when the disk is ready; never waits.
   *
   * @param result called once, with the error of a line that could not be written
   */
  offer(record: unknown, result: (error: unknown) => void): void;
  /** Resolves when everything offered is written or has failed. */
  flush(): Promise<void>;
}

/**
 * Opens the file for appending; it is created when missing. Each record is one write of one whole line, so that
 * readers and other writers never see half of one. A last line that a crash left without an end is ended first.
 *
 * @throws {WattkeeperError} `write_failed`
 */
export async function openDecisionLog(path: string): Promise<JsonLog> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { append: true, create: true, read: true });
    if (await endsInTheMiddle(file)) await writeWhole(file, "\n");
  } catch (cause) {
    throw failed(path, cause);
  }
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  const append = async (record: unknown) => {
    try {
      await writeWhole(file, `${JSON.stringify(record)}\n`);
    } catch (cause) {
      throw failed(path, cause);
    }
  };
  return {
    append,
    offer(record, result) {
      if (waiting >= MOST_WAITING) {
        return result(failed(path, new Error("too many lines wait")));
      }
      waiting++;
      last = last.then(() => append(record)).then(
        () => result(undefined),
        result,
      )
        .finally(() => waiting--);
    },
    flush: () => last,
    async [Symbol.asyncDispose]() {
      await last;
      file.close();
    },
  };
}

async function endsInTheMiddle(file: Deno.FsFile): Promise<boolean> {
  const { isFile, size } = await file.stat();
  if (!isFile || size === 0) return false;
  await file.seek(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  await file.read(last);
  return last[0] !== 10;
}

async function writeWhole(file: Deno.FsFile, text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
}

function failed(path: string, cause: unknown): WattkeeperError {
  return new WattkeeperError(
    "write_failed",
    `Decisions could not be written to "${path}": ${
      cause instanceof Error ? cause.message : cause
    }.`,
    {
      where: "--decisions",
      remedy: "Name a file in a folder that exists, on a disk with room.",
      cause,
    },
  );
}
