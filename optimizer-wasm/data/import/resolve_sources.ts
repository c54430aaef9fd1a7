/** From a requested version to the ordered files of a table (`aic-engine.md` §1.2). @module */

import type { PackSource } from "../pack/mod.ts";
import { compareVersions, isVersion } from "../store/mod.ts";
import type { DataLayout } from "./data_layout.ts";
import type { ReuseManifest } from "./reuse_manifest.ts";
import type { DeclaredDonor } from "./reuse_yaml.ts";

/** One file of a table. */
export interface ResolvedSource {
  readonly role: PackSource["role"];
  readonly backend: string;
  readonly version: string;
  /** Path below the package. */
  readonly path: string;
  /** Only rows of these kernels count; null = all. */
  readonly kernels: ReadonlySet<string> | null;
}

/** What is asked for, and where to look. */
export interface SourceQuery {
  readonly layout: DataLayout;
  readonly backend: string;
  readonly version: string;
  /** File stem, `gemm_perf`. */
  readonly table: string;
  /** Donors that all `reuse.yaml` files of (backend, version) declare, in order. */
  readonly declared: readonly DeclaredDonor[];
  readonly manifest: ReuseManifest;
}

/** Files of one table in priority order; empty when there is none. */
export function resolveSources(query: SourceQuery): ResolvedSource[] {
  const { layout, backend, version, table, declared } = query;
  const own = layout.find(backend, version, table);
  const resolved: ResolvedSource[] = own === null ? [] : [{
    role: "primary",
    backend,
    version,
    path: own.path,
    kernels: null,
  }];
  // A table that lies in the family `comm` stands alone; one that is missing there does not.
  if (own?.family === "comm") return resolved;
  const donors = [
    ...new Set(
      declared.filter((it) => it.table === table).map((it) => it.fromVersion),
    ),
  ];
  const append = (
    role: ResolvedSource["role"],
    from: { backend: string; version: string; kernels: Set<string> | null },
  ) => {
    const found = layout.find(from.backend, from.version, table);
    if (found) resolved.push({ role, ...from, path: found.path });
  };
  for (const donor of donors) {
    append("declared", { backend, version: donor, kernels: null });
  }
  for (const older of olderVersions(layout.versions(backend), version)) {
    if (donors.includes(older)) continue;
    append("older", { backend, version: older, kernels: null });
  }
  for (const [other, kernels] of query.manifest(table, backend)) {
    for (const theirs of newestFirst(layout.versions(other))) {
      append("other_framework", {
        backend: other,
        version: theirs,
        kernels: new Set(kernels),
      });
    }
  }
  return resolved;
}

/** Strictly older versions, newest first; none when `version` is no PEP 440 version. */
function olderVersions(all: readonly string[], version: string): string[] {
  if (!isVersion(version)) return [];
  return newestFirst(
    all.filter((it) => isVersion(it) && compareVersions(it, version) < 0),
  );
}

/** Newest first; names that are no versions last. */
function newestFirst(versions: readonly string[]): string[] {
  return versions.toSorted((a, b) => compareVersions(b, a));
}
