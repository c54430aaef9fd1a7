/** Which packs lend measured power to another (R53): the same system, another version or backend. @module */

import type { PackIdentity } from "../pack/mod.ts";
import type { DataStore } from "./data_store.ts";
import type { IndexedIdentity } from "./store_index.ts";
import { compareVersions } from "./version_order.ts";

/** Rows below which a donor is not worth its loading, as a share of the most that it or another has. */
const LEAST_SHARE = 0.2;
/** Packs that one borrows from at most: one a backend. */
const MOST_DONORS = 3;

/**
 * Packs to borrow watts from, the same backend first, then the others by name: of each backend the one with the most
 * powered rows, the greatest version among equals. A pack of the same backend that has fewer of them than the borrower
 * itself inherited its own from the same tables and is left out.
 */
export async function powerDonors(
  store: DataStore,
  borrower: PackIdentity,
): Promise<readonly PackIdentity[]> {
  const best = new Map<string, { entry: IndexedIdentity; leaves: number }>();
  let own = 0;
  for (const entry of store.index.identities) {
    if (entry.system !== borrower.system) continue;
    const leaves = entry.poweredLeaves ?? await countLeaves(store, entry);
    if (
      entry.backend === borrower.backend && entry.version === borrower.version
    ) {
      own = leaves;
      continue;
    }
    const known = best.get(entry.backend);
    const better = leaves > (known?.leaves ?? 0) ||
      known !== undefined && leaves === known.leaves &&
        compareVersions(entry.version, known.entry.version) > 0;
    if (leaves > 0 && better) best.set(entry.backend, { entry, leaves });
  }
  const sameFirst = ({ backend }: IndexedIdentity) =>
    backend === borrower.backend ? 0 : 1;
  const most = Math.max(own, ...[...best.values()].map((it) => it.leaves));
  return [...best.values()]
    .filter(({ entry, leaves }) =>
      leaves >= LEAST_SHARE * most &&
      (entry.backend !== borrower.backend || leaves > own)
    )
    .map(({ entry }) => entry)
    .sort((a, b) =>
      sameFirst(a) - sameFirst(b) || (a.backend < b.backend ? -1 : 1)
    )
    .slice(0, MOST_DONORS);
}

/** For a store whose index does not say it yet. */
async function countLeaves(
  store: DataStore,
  identity: PackIdentity,
): Promise<number> {
  const { slices } = await store.readDirectory(identity);
  return slices.reduce((sum, slice) => sum + slice.poweredLeaves, 0);
}
