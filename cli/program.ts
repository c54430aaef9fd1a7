/** One invocation from arguments to exit code. @module */

import { VERSION, WattkeeperError } from "../service/mod.ts";
import type { Command } from "./command.ts";
import { commandNames, loadCommand } from "./command_table.ts";
import { denoProcess } from "./deno_process.ts";
import { type ErrorStyle, reportError } from "./error_report.ts";
import { commandHelp, programHelp } from "./help.ts";
import { parseCommandLine } from "./parse.ts";
import { OutputClosedError, type ProcessPort } from "./process_port.ts";
import { type ResolvedCommand, resolveSubcommand } from "./resolve.ts";
import { colorWanted, runCommand, StoppedError } from "./run_command.ts";

/** Where commands come from; tests bring their own. */
export interface CommandSource {
  names(): readonly string[];
  load(name: string): Promise<Command>;
}

const TABLE: CommandSource = { names: commandNames, load: loadCommand };

/**
 * Runs one command line to its end.
 *
 * @param args what follows `main.ts`
 * @param port the process
 * @param source the commands
 * @returns the exit code: 0 done, 1 failed or infeasible, 2 wrong usage or bad input, 128 + n ended by signal n
 */
export async function runProgram(
  args: readonly string[],
  port: ProcessPort = denoProcess(),
  source: CommandSource = TABLE,
): Promise<number> {
  try {
    return await dispatch(args, port, source);
  } catch (thrown) {
    if (thrown instanceof OutputClosedError) return 0;
    const stopped = thrown instanceof StoppedError;
    const report = reportError(
      stopped ? thrown.cause : thrown,
      errorStyle(args, port),
    );
    writeQuietly(port, report);
    return stopped ? thrown.exitCode : report.exitCode;
  }
}

async function dispatch(
  args: readonly string[],
  port: ProcessPort,
  source: CommandSource,
): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    port.writeError(await helpOf(source));
    return 2;
  }
  if (first === "--version" || first === "-V") {
    port.write(`wattkeeper ${VERSION}\n`);
    return 0;
  }
  if (first === "help" && rest.length > 0) {
    return await dispatch([...rest, "--help"], port, source);
  }
  if (["--help", "-h", "help"].includes(first)) {
    port.write(await helpOf(source));
    return 0;
  }
  if (first.startsWith("-")) {
    throw new WattkeeperError(
      "invalid_usage",
      `"${first}" comes before the command.`,
      { where: first, remedy: "Write the command first, then its flags." },
    );
  }
  const command = await source.load(first);
  return await run(
    resolveSubcommand({ command, path: first, args: rest }),
    port,
  );
}

async function helpOf(source: CommandSource): Promise<string> {
  return programHelp(
    await Promise.all(source.names().map((name) => source.load(name))),
  );
}

async function run(
  { command, path, args }: ResolvedCommand,
  port: ProcessPort,
): Promise<number> {
  const { help, flags, positionals } = parseCommandLine(command, args);
  if (help || command.run === undefined) {
    const text = commandHelp(command, path);
    if (help) port.write(text);
    else port.writeError(text);
    return help ? 0 : 2;
  }
  return await runCommand({
    command: { ...command, run: command.run },
    flags,
    positionals,
    port,
  });
}

/** Read from the raw arguments: an error in them must already speak JSON to the program that asked for it. */
function errorStyle(args: readonly string[], port: ProcessPort): ErrorStyle {
  return {
    json: (["json", "jsonl"] as const).find((format) =>
      asked(args, "--output", format)
    ),
    color: colorWanted(port),
    stack: ["debug", "trace"].some((level) =>
      asked(args, "--log-level", level)
    ),
  };
}

function asked(args: readonly string[], flag: string, value: string): boolean {
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  return own.includes(`${flag}=${value}`) ||
    own.some((arg, i) => arg === flag && own[i + 1] === value);
}

function writeQuietly(
  port: ProcessPort,
  texts: { readonly out: string; readonly err: string },
): void {
  if (texts.err !== "") port.writeError(texts.err);
  if (texts.out === "") return;
  try {
    port.write(texts.out);
  } catch (error) {
    if (!(error instanceof OutputClosedError)) throw error;
  }
}
