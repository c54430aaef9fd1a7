/** Reads a configuration file from disk; the only I/O of this folder. @module */

import { WattkeeperError } from "../../service/mod.ts";

/**
 * Reads the text of a configuration file.
 *
 * @throws {WattkeeperError} `file_not_found` or `file_unreadable`
 */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new WattkeeperError(
        "file_not_found",
        `There is no configuration file "${path}".`,
        {
          where: "--config",
          remedy:
            "Name a YAML or JSON file; docs/examples has ones to start from.",
          cause,
        },
      );
    }
    throw new WattkeeperError(
      "file_unreadable",
      `The configuration file "${path}" could not be read: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      {
        where: "--config",
        remedy: "Name a file that this user may read.",
        cause,
      },
    );
  }
}
