/** Where imported data lives. @module */

import { join } from "node:path";

/**
 * The folder of the store: `WATTKEEPER_DATA_HOME`, else `$XDG_DATA_HOME/wattkeeper`, else
 * `~/.local/share/wattkeeper`.
 *
 * @param env environment to look in
 */
export function defaultStoreDirectory(
  env: Readonly<Record<string, string | undefined>> = Deno.env.toObject(),
): string {
  if (env.WATTKEEPER_DATA_HOME) return env.WATTKEEPER_DATA_HOME;
  // The XDG rule: a relative XDG_DATA_HOME is ignored.
  if (env.XDG_DATA_HOME?.startsWith("/")) {
    return join(env.XDG_DATA_HOME, "wattkeeper");
  }
  return join(env.HOME ?? ".", ".local", "share", "wattkeeper");
}
