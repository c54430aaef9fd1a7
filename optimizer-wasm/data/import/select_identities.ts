/** Which identities of a source are imported. @module */

import {
  didYouMean,
  type ErrorCode,
  WattkeeperError,
} from "../../../service/portable.ts";
import type { PackIdentity } from "../pack/mod.ts";
import type { SourceCatalog } from "./source_catalog.ts";

/** Filters; an empty one lets all pass. */
export interface IdentityFilter {
  readonly systems?: readonly string[];
  readonly backends?: readonly string[];
  /** Versions, or the slots `current`, `previous`, `next`. */
  readonly versions?: readonly string[];
  /** Every measured version, not only those in slots. */
  readonly allVersions?: boolean;
}

/**
 * Selects identities: those in a slot where the source declares slots, all where it does not or where a version
 * is named.
 *
 * @throws {WattkeeperError} `unknown_system`, `unknown_backend`, `unknown_version` when a filter matches nothing
 */
export function selectIdentities(
  { identities, slots, systems: known }: SourceCatalog,
  filter: IdentityFilter,
): PackIdentity[] {
  const { systems = [], backends = [], versions = [] } = filter;
  check(systems, [...known.keys()], "unknown_system");
  check(backends, identities.map((it) => it.backend), "unknown_backend");
  const slotsOf = ({ system, backend }: PackIdentity) =>
    slots?.find((it) => it.system === system && it.backend === backend);
  const isNamed = (identity: PackIdentity) => {
    const own = slotsOf(identity);
    return versions.some((name) =>
      name === identity.version ||
      (name === "current" || name === "previous" || name === "next") &&
        own?.[name] === identity.version
    );
  };
  const isInSlot = (identity: PackIdentity) => {
    const own = slotsOf(identity);
    return own === undefined ||
      [own.current, own.previous, own.next].includes(identity.version);
  };
  const matching = identities.filter(({ system, backend }) =>
    (systems.length === 0 || systems.includes(system)) &&
    (backends.length === 0 || backends.includes(backend))
  );
  if (versions.length > 0) {
    const named = matching.filter(isNamed);
    for (const version of versions) {
      if (!["current", "previous", "next"].includes(version)) {
        check([version], matching.map((it) => it.version), "unknown_version");
      }
    }
    return named;
  }
  return filter.allVersions || slots === null
    ? matching
    : matching.filter(isInSlot);
}

function check(
  wanted: readonly string[],
  known: readonly string[],
  code: ErrorCode & `unknown_${"system" | "backend" | "version"}`,
): void {
  const names = [...new Set(known)];
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const what = code.slice("unknown_".length);
    const near = didYouMean(name, names);
    throw new WattkeeperError(
      code,
      `The source has no ${what} "${name}".${
        near || ` It has ${names.join(", ") || "none"}.`
      }`,
      {
        where: `--${what}`,
        remedy: `Name a ${what} that the source has, or leave --${what} out.`,
      },
    );
  }
}
