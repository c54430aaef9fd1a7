/** Which packs lend measured power to another (R53), pure. @module */

import type { PackIdentity } from "../pack/format.ts";
import { compareVersions } from "./version_order.ts";

/** Rows below which a donor is not worth its loading, as a share of the most that it or another has. */
const LEAST_SHARE = 0.2;
/** Packs that one borrows from at most: one a backend. */
const MOST_DONORS = 3;

/** A pack and its rows with measured power. */
export interface PoweredPack extends PackIdentity {
  readonly poweredLeaves: number;
}

/**
 * Packs to borrow watts from, the same backend first, then the others by name: of each backend the one with the most
 * powered rows, the greatest version among equals. A pack of the same backend that has fewer of them than the borrower
 * itself inherited its own from the same tables and is left out.
 */
export function chooseDonors<Entry extends PoweredPack>(
  packs: readonly Entry[],
  borrower: PackIdentity,
): readonly Entry[] {
  const best = new Map<string, Entry>();
  let own = 0;
  for (const entry of packs) {
    if (entry.system !== borrower.system) continue;
    const leaves = entry.poweredLeaves;
    if (
      entry.backend === borrower.backend && entry.version === borrower.version
    ) {
      own = leaves;
      continue;
    }
    const known = best.get(entry.backend);
    const better = leaves > (known?.poweredLeaves ?? 0) ||
      known !== undefined && leaves === known.poweredLeaves &&
        compareVersions(entry.version, known.version) > 0;
    if (leaves > 0 && better) best.set(entry.backend, entry);
  }
  const sameFirst = ({ backend }: PackIdentity) =>
    backend === borrower.backend ? 0 : 1;
  const most = Math.max(
    own,
    ...[...best.values()].map(({ poweredLeaves }) => poweredLeaves),
  );
  return [...best.values()]
    .filter((entry) =>
      entry.poweredLeaves >= LEAST_SHARE * most &&
      (entry.backend !== borrower.backend || entry.poweredLeaves > own)
    )
    .sort((a, b) =>
      sameFirst(a) - sameFirst(b) || (a.backend < b.backend ? -1 : 1)
    )
    .slice(0, MOST_DONORS);
}
