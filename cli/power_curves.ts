/** `--power-curves`: curves refined by `data fit --from-live`. @module */

import { parseCurveFile } from "../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../service/mod.ts";
import type { CommandContext, OptionSpec } from "./command.ts";

/** The flag. */
export const POWER_CURVES_OPTION: OptionSpec = {
  name: "power-curves",
  kind: "string",
  value: "FILE",
  help:
    "Power curves that `data fit --from-live --write FILE` refined; without it the built-in ones.",
};

/** Curves that the flag names; undefined without it. */
export async function powerCurvesOf(
  flags: CommandContext["flags"],
): Promise<ReturnType<typeof parseCurveFile> | undefined> {
  const path = flags["power-curves"];
  if (typeof path !== "string") return undefined;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw new WattkeeperError(
      missing ? "file_not_found" : "file_unreadable",
      `The file of power curves "${path}" ${
        missing ? "does not exist" : "cannot be read"
      }.`,
      { where: "--power-curves", cause },
    );
  }
  return parseCurveFile(text, path);
}
