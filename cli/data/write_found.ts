/** `--write FILE` of the fits: whole or not at all. @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";

/** Writes what a fit found beside the file and renames it over; nothing without the flag. */
export async function writeFound(
  path: CommandContext["flags"][string],
  found: unknown,
): Promise<void> {
  if (typeof path !== "string") return;
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  try {
    await Deno.writeTextFile(partial, `${JSON.stringify(found, null, 2)}\n`);
    await Deno.rename(partial, path);
  } catch (cause) {
    await Deno.remove(partial).catch(() => undefined);
    throw new WattkeeperError(
      "write_failed",
      `"${path}" cannot be written: ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      { where: "--write", cause },
    );
  }
}
