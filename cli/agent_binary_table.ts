/** The commands inside the agent's single binary; stands in for `command_table.ts` when it is compiled. @module */

import { WattkeeperError } from "../service/mod.ts";
import type { Command } from "./command.ts";

const TABLE: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  agent: () => import("./commands/agent.ts"),
  gate: () => import("./commands/gate.ts"),
};

/** @returns the names, in the order of the help */
export function commandNames(): string[] {
  return Object.keys(TABLE);
}

/** @throws {WattkeeperError} `invalid_usage` when there is none of this name */
export async function loadCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
  if (!load) throw unknownCommand(name, commandNames(), "");
  return (await load()).command;
}

/** @returns the error for a command that this binary does not have */
export function unknownCommand(
  name: string,
  known: readonly string[],
  parent: string,
): WattkeeperError {
  const full = parent === "" ? name : `${parent} ${name}`;
  return new WattkeeperError(
    "invalid_usage",
    `This binary has no command "${full}".`,
    { where: name, remedy: `Known are: ${known.join(", ")}.` },
  );
}
