/** The command frame: what a command is, how one is run, how answers are written. @module */

export type {
  Command,
  CommandContext,
  OptionSpec,
  OutputFormat,
  PositionalSpec,
  Progress,
} from "./command.ts";
export { commandNames, loadCommand } from "./command_table.ts";
export { runProgram } from "./program.ts";
export { type Column, renderRows } from "./render.ts";
export { parseWatts } from "./watts.ts";
