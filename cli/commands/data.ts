/** `data`: performance data, imported, listed, checked, fitted (`SPEC.md` R17, R50, R51, R53). @module */

import type { Command } from "../command.ts";
import { fitCommand } from "../data/fit.ts";
import { importCommand } from "../data/import.ts";
import { listCommand } from "../data/list.ts";
import { validateCommand } from "../data/validate.ts";

/** The command. */
export const command: Command = {
  name: "data",
  summary: "import, list, check and fit measured performance data",
  description:
    `Estimates are made from tables that AIConfigurator measured; they are not part of this program. "data import" fetches and packs them, "data list" says what is there, "data validate" checks it, "data fit" learns from it what was not measured. Without imported data everything runs on the built-in roofline model, and says so.`,
  usage: [
    "data import SOURCE [flags]",
    "data list [flags]",
    "data validate [flags]",
    "data fit --tables | --from-live FILE [flags]",
  ],
  options: [],
  examples: [
    {
      command:
        "deno run -A main.ts data import pip:aiconfigurator-core==0.12.0",
      explains: "the released tables",
    },
    { command: "deno run -A main.ts data list", explains: "what is there" },
  ],
  outputs: [],
  subcommands: [importCommand, listCommand, validateCommand, fitCommand],
};
