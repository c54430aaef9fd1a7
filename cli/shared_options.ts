/** The flags that every command has. @module */

import { LOG_FORMATS, LOG_LEVELS } from "../service/mod.ts";
import type { Command, OptionSpec } from "./command.ts";

/**
 * The options that every command takes besides its own; one that a command declares itself is left out.
 *
 * @param command its `outputs` are the choices of `--output`
 * @returns the options in the order of the help
 */
export function sharedOptions(command: Command): readonly OptionSpec[] {
  const shared: OptionSpec[] = [
    {
      name: "output",
      kind: "string",
      value: "FORMAT",
      help: "How the answer is written.",
      choices: command.outputs,
      default: command.outputs[0] ?? "table",
    },
    {
      name: "log-level",
      kind: "string",
      value: "LEVEL",
      help:
        "Least level of what goes to the log; debug also prints the stack of an error.",
      choices: LOG_LEVELS,
      default: "info",
    },
    {
      name: "log-format",
      kind: "string",
      value: "FORMAT",
      help: "Log on standard error: auto is text on a terminal, else json.",
      choices: LOG_FORMATS,
      default: "auto",
    },
    { name: "help", kind: "boolean", help: "Print this help." },
  ];
  const own = new Set(command.options.map((option) => option.name));
  return shared.filter((option) =>
    !own.has(option.name) &&
    (option.name !== "output" || command.outputs.length > 0)
  );
}
