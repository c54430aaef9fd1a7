/** `simulate --replay FILE`: a schedule again, event for event, and whether it is the same run. @module */

import { INVARIANTS, readFailure, runSchedule } from "../../proof/mod.ts";
import { messageOf } from "../../planner/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";

/** Runs it; 1 while the violation is there. */
export async function runReplay(context: CommandContext): Promise<number> {
  const { flags, write, output } = context;
  const path = String(flags["replay"]);
  const failure = readFailure(await textOf(path), path);
  const lines: string[] = [];
  const table = output === "table";
  const result = await runSchedule(failure.schedule, {
    line: (line) => table ? write(`${line}\n`) : lines.push(line),
  });
  const same = result.hash === failure.hash && result.lines === failure.lines;
  const { violation } = result;
  if (!table) {
    write(
      `${
        JSON.stringify({
          violation: violation ?? null,
          record_hash: result.hash,
          expected_record_hash: failure.hash,
          same_record: same,
          record: lines,
        })
      }\n`,
    );
    return violation ? 1 : 0;
  }
  write(
    violation
      ? `${INVARIANTS[violation.invariant]} (${violation.message}).\n`
      : "No violation.\n",
  );
  write(
    same
      ? `The same ${result.lines} lines as when the file was written (${result.hash}).\n`
      : `Not the run that the file is of: ${result.lines} lines with hash ${result.hash}, then ${failure.lines} with ${failure.hash}. The code has changed since.\n`,
  );
  return violation ? 1 : 0;
}

async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new WattkeeperError(
      "file_unreadable",
      `The schedule "${path}" could not be read: ${messageOf(cause)}.`,
      {
        where: "--replay",
        remedy: "Name a file that simulate --schedules wrote.",
        cause,
      },
    );
  }
}
