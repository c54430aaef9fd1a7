/** What can stand where on the command line. @module */

import type { Command, OptionSpec } from "../command.ts";
import { sharedOptions } from "../shared_options.ts";

/** One place: after `plan`, or after `data import`. */
export interface CompletionNode {
  /** Words before this place, without the program: `[]`, `["data"]`, `["data", "import"]`. */
  readonly path: readonly string[];
  readonly commands: readonly CompletionWord[];
  readonly options: readonly OptionSpec[];
}

/** A command with its explanation. */
export interface CompletionWord {
  readonly name: string;
  readonly summary: string;
}

/**
 * Lists every place of the command line.
 *
 * @param commands the commands of the program
 * @returns places, the program itself first
 */
export function completionTree(commands: readonly Command[]): CompletionNode[] {
  return [
    { path: [], commands: commands.map(word), options: [] },
    ...commands.flatMap((command) => nodesOf(command, [])),
  ];
}

function nodesOf(
  command: Command,
  parents: readonly string[],
): CompletionNode[] {
  const path = [...parents, command.name];
  const subcommands = command.subcommands ?? [];
  return [
    {
      path,
      commands: subcommands.map(word),
      options: [...command.options, ...sharedOptions(command)],
    },
    ...subcommands.flatMap((sub) => nodesOf(sub, path)),
  ];
}

function word({ name, summary }: Command): CompletionWord {
  return { name, summary };
}
