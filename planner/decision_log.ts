/** Decisions as JSON lines in a file. @module */

import { WattkeeperError } from "../service/mod.ts";
import { type Decision, decisionRecord } from "./core/mod.ts";

/** A file that decisions are appended to. */
export interface DecisionLog extends AsyncDisposable {
  append(decision: Decision): Promise<void>;
}

/**
 * Opens the file for appending; it is created when missing. Each decision is one write of one whole line, so that
 * readers and other writers never see half of one. A last line that a crash left without an end is ended first.
 *
 * @throws {WattkeeperError} `write_failed`
 */
export async function openDecisionLog(path: string): Promise<DecisionLog> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { append: true, create: true, read: true });
    if (await endsInTheMiddle(file)) await writeWhole(file, "\n");
  } catch (cause) {
    throw failed(path, cause);
  }
  return {
    async append(decision) {
      try {
        await writeWhole(file, `${JSON.stringify(decisionRecord(decision))}\n`);
      } catch (cause) {
        throw failed(path, cause);
      }
    },
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
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
