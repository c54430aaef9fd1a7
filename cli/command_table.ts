/** All commands of `main.ts`; each is imported only when it is asked for. @module */

import { didYouMean, WattkeeperError } from "../service/mod.ts";
import type { Command } from "./command.ts";

/** Names of the commands, in the order of the help (`SPEC.md` §1). */
const NAMES = [
  "plan",
  "agent",
  "gate",
  "estimate",
  "sweep",
  "simulate",
  "budget",
  "data",
  "explain",
  "verify",
  "uninstall",
  "web",
  "completion",
] as const;

/**
 * The commands that this source tree has.
 *
 * @returns their names in the order of the help
 */
export function commandNames(): string[] {
  const present = new Set(
    Array.from(
      Deno.readDirSync(new URL("./commands/", import.meta.url)),
      (entry) => entry.name,
    ),
  );
  return NAMES.filter((name) => present.has(`${name}.ts`));
}

/**
 * Imports one command.
 *
 * @param name as the user wrote it
 * @returns the command
 * @throws {WattkeeperError} `invalid_usage` when there is none of this name
 */
export async function loadCommand(name: string): Promise<Command> {
  const names = commandNames();
  if (!names.includes(name)) throw unknownCommand(name, names, "");
  const module: { readonly command: Command } = await import(
    `./commands/${name}.ts`
  );
  return module.command;
}

/**
 * The error for a command or sub-command that does not exist.
 *
 * @param name as the user wrote it
 * @param known all names that would have been right
 * @param parent name of the command whose sub-command was asked for, or an empty string
 * @returns the error, to be thrown
 */
export function unknownCommand(
  name: string,
  known: readonly string[],
  parent: string,
): WattkeeperError {
  const full = parent === "" ? name : `${parent} ${name}`;
  return new WattkeeperError(
    "invalid_usage",
    `Unknown command "${full}".${didYouMean(name, known)}`,
    {
      where: name,
      remedy: `Known are: ${known.join(", ")}. Run --help for what they do.`,
    },
  );
}
