/** Tables as the reference reads them: nested sorted keys, no layout in memory to speak of. @module */

import type { SystemSpec } from "../../optimizer-wasm/data/system_spec.ts";

/** One measured row. */
export interface Leaf {
  readonly ms: number;
  /** Blend power (`aic-engine.md` §3), watts; 0 = not measured. */
  readonly watts: number;
  /** From the requested version's own file. */
  readonly primary: boolean;
}

/** A sorted axis with what lies below each key. */
export interface GridNode {
  readonly keys: readonly number[];
  readonly below: readonly (GridNode | Leaf)[];
}

/** A GEMM shape with its curve over m. */
export interface Site {
  readonly n: number;
  readonly k: number;
  readonly m: readonly number[];
  readonly leaves: readonly Leaf[];
}

/** One slice of a grid table. */
export interface GridSlice {
  readonly key: readonly (string | number)[];
  readonly grid: GridNode;
}

/** One slice of the GEMM table. */
export interface SitesSlice {
  readonly key: readonly (string | number)[];
  readonly sites: readonly Site[];
}

/** Everything measured for one system, backend and version; slices in order of first appearance. */
export interface Tables {
  readonly system: SystemSpec;
  readonly pinnedLane: string | null;
  grids(table: string): readonly GridSlice[];
  gemm(): readonly SitesSlice[];
}

/** Whether a node is a row. */
export function isLeaf(node: GridNode | Leaf): node is Leaf {
  return "ms" in node;
}

/** Every row of a grid in ascending key order. */
export function* leavesOf(
  node: GridNode | Leaf,
  path: readonly number[] = [],
): Generator<{ readonly at: readonly number[]; readonly leaf: Leaf }> {
  if (isLeaf(node)) {
    yield { at: path, leaf: node };
    return;
  }
  for (const [index, key] of node.keys.entries()) {
    const below = node.below[index];
    if (below !== undefined) yield* leavesOf(below, [...path, key]);
  }
}

/** The tables of the modes EMPIRICAL and SOL: the primary source alone (§1.2). */
export function primaryOnly(tables: Tables): Tables {
  const found = primaries.get(tables) ?? keepPrimary(tables);
  primaries.set(tables, found);
  return found;
}

const primaries = new WeakMap<Tables, Tables>();

function keepPrimary(tables: Tables): Tables {
  const grids = new Map<string, readonly GridSlice[]>();
  let gemm: readonly SitesSlice[] | undefined;
  return {
    system: tables.system,
    pinnedLane: tables.pinnedLane,
    grids(table) {
      const found = grids.get(table) ??
        tables.grids(table).flatMap(({ key, grid }) => {
          const kept = primaryNode(grid);
          return kept === undefined || isLeaf(kept)
            ? []
            : [{ key, grid: kept }];
        });
      grids.set(table, found);
      return found;
    },
    gemm() {
      gemm ??= tables.gemm().flatMap(({ key, sites }) => {
        const kept = sites.map(primarySite).filter((site) => site.m.length > 0);
        return kept.length === 0 ? [] : [{ key, sites: kept }];
      });
      return gemm;
    },
  };
}

function primaryNode(node: GridNode | Leaf): GridNode | Leaf | undefined {
  if (isLeaf(node)) return node.primary ? node : undefined;
  const kept = node.keys.flatMap((key, index) => {
    const below = node.below[index];
    const inner = below && primaryNode(below);
    return inner === undefined ? [] : [{ key, inner }];
  });
  if (kept.length === 0) return undefined;
  return { keys: kept.map((it) => it.key), below: kept.map((it) => it.inner) };
}

function primarySite({ n, k, m, leaves }: Site): Site {
  const kept = m.map((key, index) => ({ key, leaf: leaves[index] }))
    .flatMap(({ key, leaf }) => leaf?.primary ? [{ key, leaf }] : []);
  return {
    n,
    k,
    m: kept.map((it) => it.key),
    leaves: kept.map((it) => it.leaf),
  };
}
