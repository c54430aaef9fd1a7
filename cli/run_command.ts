/** Runs one parsed command: log, progress, signals, and the exit code. @module */

import { configureLog, LOG_FORMATS, LOG_LEVELS } from "../service/mod.ts";
import type { Command, CommandContext } from "./command.ts";
import { OutputClosedError, type ProcessPort } from "./process_port.ts";
import { createProgress } from "./progress.ts";
import { StatusArea } from "./status_area.ts";
import { listenForStop } from "./stop_signals.ts";

/** A command that was told to stop, and did. `cause` is what it threw. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";

  /** @param exitCode 128 + the number of the signal @param cause what the command threw when it stopped */
  constructor(readonly exitCode: number, cause: unknown) {
    super("The command was told to stop.", { cause });
  }
}

/** A command with what it was given. */
export interface ParsedInvocation {
  readonly command: Command & Required<Pick<Command, "run">>;
  readonly flags: CommandContext["flags"];
  readonly positionals: readonly string[];
  readonly port: ProcessPort;
}

/**
 * Runs a command to its end.
 *
 * @param invocation the command with its checked flags
 * @returns the exit code
 * @throws {StoppedError} when it threw after a signal
 */
export async function runCommand(
  { command, flags, positionals, port }: ParsedInvocation,
): Promise<number> {
  const progress = createProgress({
    writeError: port.writeError,
    isTerminal: port.stderrIsTerminal,
    columns: port.columns,
    now: port.now,
  });
  const status = new StatusArea({
    writeError: port.writeError,
    isTerminal: port.stderrIsTerminal,
  });
  // A command may have a level of its own that is none: then nothing is logged.
  const level = LOG_LEVELS.find((one) => one === flags["log-level"]);
  if (level) {
    configureLog({
      level,
      format: LOG_FORMATS.find((format) => format === flags["log-format"]) ??
        "auto",
      isTerminal: port.stderrIsTerminal,
      color: colorWanted(port),
      write(line) {
        progress.clear();
        status.clear();
        port.writeError(line);
      },
    });
  }
  using stop = listenForStop(port, () => {
    progress.end();
    status.end();
  });
  try {
    const code = await command.run({
      flags,
      positionals,
      output: command.outputs.find((format) => format === flags["output"]) ??
        "table",
      signal: stop.signal,
      write(text) {
        progress.clear();
        status.clear();
        port.write(text);
      },
      progress,
      ...(status.isShown
        ? {
          status: {
            color: colorWanted(port),
            columns: port.columns,
            draw: (lines) => status.draw(lines),
          },
        }
        : {}),
    });
    return command.service ? code : stop.exitCode() ?? code;
  } catch (error) {
    const exitCode = stop.exitCode();
    if (exitCode === undefined || error instanceof OutputClosedError) {
      throw error;
    }
    const aborted = error instanceof DOMException &&
      error.name === "AbortError";
    throw new StoppedError(exitCode, aborted ? stop.signal.reason : error);
  } finally {
    progress.end();
    status.end();
  }
}

/** Colours on standard error: a terminal, and `NO_COLOR` absent or empty (no-color.org). */
export function colorWanted(port: ProcessPort): boolean {
  return port.stderrIsTerminal && !port.env("NO_COLOR");
}
