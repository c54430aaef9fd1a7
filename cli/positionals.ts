/** Checks the arguments of a command that are no flags. @module */

import { WattkeeperError } from "../service/mod.ts";
import type { Command } from "./command.ts";

/**
 * Refuses too many and too few arguments.
 *
 * @param command whose `positionals` say how many it takes
 * @param given what was given
 * @throws {WattkeeperError} `invalid_usage`
 */
export function checkPositionals(
  command: Command,
  given: readonly string[],
): void {
  const remedy = `Usage: ${command.usage.join(" | ")}`;
  const spec = command.positionals;
  const max = spec === undefined ? 0 : spec.max ?? Infinity;
  const extra = given[max];
  if (extra !== undefined) {
    throw new WattkeeperError(
      "invalid_usage",
      `Unexpected argument "${extra}": "${command.name}" takes ${
        max === 0 ? "flags only" : `at most ${max}`
      }.`,
      { where: extra, remedy },
    );
  }
  if (spec && given.length < spec.min) {
    throw new WattkeeperError(
      "invalid_usage",
      `${spec.value} is missing: ${spec.help}`,
      { where: spec.value, remedy },
    );
  }
}
