/** All commands of `main.ts`; each is imported only when it is asked for. @module */

import { didYouMean, WattkeeperError } from "../service/mod.ts";
import type { Command } from "./command.ts";

/** What every module in `cli/commands/` exports. */
interface CommandModule {
  readonly command: Command;
}

/** The commands in the order of the help; a new command is a new line here. */
const TABLE: Readonly<Record<string, () => Promise<CommandModule>>> = {
  plan: () => import("./commands/plan.ts"),
  explain: () => import("./commands/explain.ts"),
  agent: () => import("./commands/agent.ts"),
  gate: () => import("./commands/gate.ts"),
  estimate: () => import("./commands/estimate.ts"),
  sweep: () => import("./commands/sweep.ts"),
  simulate: () => import("./commands/simulate.ts"),
  budget: () => import("./commands/budget.ts"),
  data: () => import("./commands/data.ts"),
  verify: () => import("./commands/verify.ts"),
  uninstall: () => import("./commands/uninstall.ts"),
  web: () => import("./commands/web.ts"),
  completion: () => import("./commands/completion.ts"),
};

/**
 * The commands that there are.
 *
 * @returns their names in the order of the help
 */
export function commandNames(): string[] {
  return Object.keys(TABLE);
}

/**
 * Imports one command.
 *
 * @param name as the user wrote it
 * @returns the command
 * @throws {WattkeeperError} `invalid_usage` when there is none of this name
 */
export async function loadCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
  if (!load) throw unknownCommand(name, commandNames(), "");
  return (await load()).command;
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
