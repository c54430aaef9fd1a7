/** Puts the program itself into a folder that a worker sees: what the init container of a gated pod does. @module */

import { WattkeeperError } from "../../service/mod.ts";

/** What is copied, and by what it is read and written; tests bring their own. */
export interface SelfCopy {
  /** Path of the running program. */
  readonly program: string;
  /** Whether the program is the single binary, and not a runtime that reads sources. */
  readonly standalone: boolean;
}

/** Name of the copy: what the planner takes for the gate. */
export const GATE_PROGRAM = "wattkeeper-agent";

/**
 * Copies, whole or not at all: a pod that is cut off in between must not start half a program.
 *
 * @param folder that exists, usually an emptyDir
 * @returns path of the copy
 * @throws {WattkeeperError} `invalid_usage` when this is no single binary; `write_failed` with the reason
 */
export async function copySelfTo(
  folder: string,
  self: SelfCopy = {
    program: Deno.execPath(),
    standalone: Deno.build.standalone,
  },
): Promise<string> {
  if (!self.standalone) {
    throw new WattkeeperError(
      "invalid_usage",
      "Only the single binary can copy itself; this is the sources on a runtime.",
      {
        where: "--copy-to",
        remedy:
          "Build it with `deno task compile:agent`, or use the agent's image.",
      },
    );
  }
  const target = `${folder.replace(/\/+$/, "")}/${GATE_PROGRAM}`;
  const draft = `${target}.new`;
  try {
    await Deno.copyFile(self.program, draft);
    await Deno.chmod(draft, 0o755);
    await Deno.rename(draft, target);
  } catch (cause) {
    throw new WattkeeperError(
      "write_failed",
      `The program could not be copied to "${target}": ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      {
        where: "--copy-to",
        remedy: "Mount a folder that this user may write there.",
        cause,
      },
    );
  }
  return target;
}
