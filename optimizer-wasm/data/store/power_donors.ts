/** Which packs of the store lend measured power to another (R53): the same system, another version or backend. @module */

import type { PackIdentity } from "../pack/mod.ts";
import { chooseDonors } from "./choose_donors.ts";
import type { DataStore } from "./data_store.ts";

/** Packs to borrow watts from, the nearest first. */
export async function powerDonors(
  store: DataStore,
  borrower: PackIdentity,
): Promise<readonly PackIdentity[]> {
  const packs = [];
  for (const entry of store.index.identities) {
    if (entry.system !== borrower.system) continue;
    const poweredLeaves = entry.poweredLeaves ??
      await countLeaves(store, entry);
    packs.push({ ...entry, poweredLeaves });
  }
  return chooseDonors(packs, borrower);
}

/** For a store whose index does not say it yet. */
async function countLeaves(
  store: DataStore,
  identity: PackIdentity,
): Promise<number> {
  const { slices } = await store.readDirectory(identity);
  return slices.reduce((sum, slice) => sum + slice.poweredLeaves, 0);
}
