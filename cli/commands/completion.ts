/** `completion`: shell completion, made from the commands' own descriptions. @module */

import type { Command } from "../command.ts";
import { commandNames, loadCommand } from "../command_table.ts";
import { completionScript } from "../completion/script.ts";
import { completionTree } from "../completion/tree.ts";

/** Shells that there is a script for. */
const SHELLS = ["bash", "zsh", "fish"] as const;

const shellCommand = (shell: typeof SHELLS[number]): Command => ({
  name: shell,
  summary: `print the completion script for ${shell}`,
  description:
    `Prints a script that completes commands, flags and the choices of flags in ${shell}.`,
  usage: [`completion ${shell} [--program NAME]`],
  options: [{
    name: "program",
    kind: "string",
    value: "NAME",
    help:
      "Name under which the shell knows this program: a binary or an alias.",
    default: "wattkeeper",
  }],
  examples: [{
    command: {
      bash: "source <(deno run -A main.ts completion bash)",
      zsh: "deno run -A main.ts completion zsh > ~/.zfunc/_wattkeeper",
      fish: "deno run -A main.ts completion fish | source",
    }[shell],
    explains: "for an alias: alias wattkeeper='deno run -A main.ts'",
  }],
  outputs: [],
  async run({ flags, write }) {
    const commands = await Promise.all(commandNames().map(loadCommand));
    write(completionScript({
      shell,
      program: String(flags["program"]),
      tree: completionTree(commands),
    }));
    return 0;
  },
});

/** The command. */
export const command: Command = {
  name: "completion",
  summary: "print shell completion for bash, zsh or fish",
  description:
    "The script completes what stands behind the program's name, so the program needs one: a compiled binary, or an alias for `deno run -A main.ts`.",
  usage: SHELLS.map((shell) => `completion ${shell}`),
  options: [],
  examples: [],
  outputs: [],
  subcommands: SHELLS.map(shellCommand),
};
