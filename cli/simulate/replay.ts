/** `simulate`: not built yet. @module */

import type { CommandContext } from "../command.ts";

/** Not built yet. */
export function runReplay(_context: CommandContext): Promise<number> {
  return Promise.reject(new Error("Not built yet."));
}
