/** From the first words of a command line to the command or sub-command that they name. @module */

import type { Command } from "./command.ts";
import { unknownCommand } from "./command_table.ts";

/** A command with what is left of the command line. */
export interface ResolvedCommand {
  readonly command: Command;
  /** Its name with those of its parents: `data import`. */
  readonly path: string;
  readonly args: readonly string[];
}

/**
 * Follows sub-commands as far as the words name them.
 *
 * @param start the command of the first word, and what follows it
 * @returns the innermost command
 * @throws {WattkeeperError} `invalid_usage` for a sub-command that does not exist
 */
export function resolveSubcommand(start: ResolvedCommand): ResolvedCommand {
  const { command, path, args } = start;
  const [name, ...rest] = args;
  if (!command.subcommands || name === undefined || name.startsWith("-")) {
    return start;
  }
  const found = command.subcommands.find((sub) => sub.name === name);
  if (found) {
    return resolveSubcommand({
      command: found,
      path: `${path} ${name}`,
      args: rest,
    });
  }
  if (command.run && command.positionals) return start;
  throw unknownCommand(name, command.subcommands.map((sub) => sub.name), path);
}
