/** Finds or sets up the peer as the tests do. @module */

import { fileURLToPath } from "node:url";
import { cacheFolder, realMachine } from "../run/machine.ts";
import { NEEDS } from "../run/needs.ts";
import { provide } from "../run/set_up.ts";

/** @returns the Python with the peer's package, or undefined when it cannot be had */
export async function setUpPeer(): Promise<string | undefined> {
  const need = NEEDS.find(({ name }) => name === "peer");
  if (need === undefined) return undefined;
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const cache = cacheFolder((name) => Deno.env.get(name), root);
  const { value } = await provide(need, {
    place: { cache, root },
    machine: realMachine(cache),
    setUp: true,
  });
  return value;
}
