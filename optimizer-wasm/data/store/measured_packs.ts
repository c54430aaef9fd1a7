/** Which packs of a store have measured power of their own, for fitting (R53). @module */

import type { PackIdentity } from "../pack/mod.ts";
import type { DataStore } from "./data_store.ts";
import { compareVersions } from "./version_order.ts";

/** Share of its powered rows that a pack must have measured itself. */
const OWN_SHARE = 0.5;
/** Rows below which a pack says too little, as a share of the most that a pack of its system has. */
const LEAST_SHARE = 0.1;

/**
 * Of each system and backend the pack with the most powered rows; one that took most of them over from another backend
 * is left out. Sorted as the store lists them.
 */
export async function measuredPacks(
  store: DataStore,
): Promise<readonly PackIdentity[]> {
  const best = new Map<string, { identity: PackIdentity; leaves: number }>();
  for (const identity of store.listIdentities()) {
    const { slices } = await store.readDirectory(identity);
    let powered = 0;
    let own = 0;
    for (const { poweredLeaves, primaryLeaves } of slices) {
      powered += poweredLeaves;
      own += Math.min(poweredLeaves, primaryLeaves);
    }
    const key = `${identity.system}|${identity.backend}`;
    const known = best.get(key);
    if (powered === 0 || own < OWN_SHARE * powered) continue;
    const better = known === undefined || powered > known.leaves ||
      powered === known.leaves &&
        compareVersions(identity.version, known.identity.version) > 0;
    if (better) best.set(key, { identity, leaves: powered });
  }
  const found = [...best.values()];
  return found
    .filter(({ identity, leaves }) => {
      const most = Math.max(
        ...found.filter((it) => it.identity.system === identity.system)
          .map((it) => it.leaves),
      );
      return leaves >= LEAST_SHARE * most;
    })
    .map(({ identity }) => identity);
}
