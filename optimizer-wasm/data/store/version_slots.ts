/** Which version stands for "none named", and what the slot names mean (`aic-engine.md` §1.2). @module */

import type { PackIdentity } from "../pack/mod.ts";
import type { IndexedVersions } from "./store_index.ts";

/** The queryable versions that a source declares for one backend on one system; null = no such slot. */
export interface VersionSlots {
  readonly system: string;
  readonly backend: string;
  readonly current: string | null;
  readonly previous: string | null;
  readonly next: string | null;
}

/**
 * Slots and default of every (system, backend) that has a pack. The default is the slot `current` when the store
 * holds it, else the greatest version.
 *
 * @param identities sorted, versions ascending
 */
export function defaultVersions(
  identities: readonly PackIdentity[],
  slots: readonly VersionSlots[],
): IndexedVersions[] {
  const byBackend = Map.groupBy(
    identities,
    (it) => `${it.system}\0${it.backend}`,
  );
  return [...byBackend.values()].map((ofBackend) => {
    const { system, backend, version: greatest } = ofBackend.at(-1)!;
    const held = (version: string | null | undefined) =>
      ofBackend.some((it) => it.version === version);
    const declared = slots.find((it) =>
      it.system === system && it.backend === backend
    );
    return {
      system,
      backend,
      default: held(declared?.current) ? declared!.current! : greatest,
      current: declared?.current ?? null,
      previous: declared?.previous ?? null,
      next: declared?.next ?? null,
    };
  });
}
