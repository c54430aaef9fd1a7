/** Writes the page of `--report`. @module */

import { WattkeeperError } from "../../service/mod.ts";

/** @throws {WattkeeperError} `write_failed` */
export async function writeReport(path: string, page: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, page);
  } catch (cause) {
    throw new WattkeeperError(
      "write_failed",
      `The report "${path}" could not be written: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      {
        where: "--report",
        remedy: "Name a file that this user may write.",
        cause,
      },
    );
  }
}
