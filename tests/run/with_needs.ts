/**
 * Runs a script with what tests need in its environment, as far as it is here; sets nothing up.
 * `deno run -A tests/run/with_needs.ts SCRIPT [ARGUMENT…]`
 * @module
 */

import { fileURLToPath } from "node:url";
import { cacheFolder, realMachine } from "./machine.ts";
import { NEEDS } from "./needs.ts";
import { provide } from "./set_up.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
  .replace(/\/$/, "");

if (import.meta.main) {
  const cache = cacheFolder((name) => Deno.env.get(name), ROOT);
  const machine = realMachine(cache);
  const place = {
    cache,
    root: ROOT,
    kubebuilderAssets: Deno.env.get("KUBEBUILDER_ASSETS"),
  };
  const found = await Promise.all(
    NEEDS.map((need) => provide(need, { place, machine, setUp: false })),
  );
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", ...Deno.args],
    env: Object.fromEntries(
      found.flatMap(({ need, value }) =>
        value === undefined ? [] : [[need.variable, value]]
      ),
    ),
  }).spawn().status;
  Deno.exit(code);
}
