/** GEMM rows as sites with curves (`aic-engine.md` §3.4). @module */

import { type Block, buildSitesBlock } from "../pack/mod.ts";
import type { SliceRows } from "./merge_tables.ts";

/** Rows of one site. */
interface Site {
  readonly n: number;
  readonly k: number;
  readonly rows: number[];
}

/**
 * Builds the sites block of a slice with the axes (m, n, k).
 *
 * Sites stand in the insertion order of a nested dictionary m → n → k: by first appearance of m, within it of n,
 * within it of k. Rows of one (m, n, k) after the first are dropped on the way.
 */
export function buildSites(slice: SliceRows): Block {
  const [m, n, k] = slice.axes as [Float64Array, Float64Array, Float64Array];
  const sites = listSites(nest(m, n, k));
  const order: number[] = [];
  const leafStart = new Int32Array(sites.length + 1);
  sites.forEach(({ rows }, index) => {
    rows.sort((a, b) => m[a]! - m[b]!);
    for (const row of rows) order.push(row);
    leafStart[index + 1] = order.length;
  });
  const pick = (column: Float64Array) =>
    Float64Array.from(order, (row) => column[row]!);
  return buildSitesBlock({
    n: Float64Array.from(sites, (site) => site.n),
    k: Float64Array.from(sites, (site) => site.k),
    leafStart,
    m: pick(m),
    latencyMs: pick(slice.latencyMs),
    powerWatts: pick(slice.powerWatts),
    primary: Uint8Array.from(order, (row) => slice.primary[row]!),
  });
}

type Nested = Map<number, Map<number, Map<number, number>>>;

/** The first row of each (m, n, k). */
function nest(m: Float64Array, n: Float64Array, k: Float64Array): Nested {
  const nested: Nested = new Map();
  for (let row = 0; row < m.length; row++) {
    const ofM = inner(nested, m[row]!);
    const ofN = inner(ofM, n[row]!);
    if (!ofN.has(k[row]!)) ofN.set(k[row]!, row);
  }
  return nested;
}

function listSites(nested: Nested): Site[] {
  const sites: Site[] = [];
  const known = new Map<number, Map<number, Site>>();
  for (const ofM of nested.values()) {
    for (const [n, ofN] of ofM) {
      const atN = inner(known, n);
      for (const [k, row] of ofN) {
        let site = atN.get(k);
        if (site === undefined) {
          site = { n, k, rows: [] };
          atN.set(k, site);
          sites.push(site);
        }
        site.rows.push(row);
      }
    }
  }
  return sites;
}

function inner<K, V>(outer: Map<number, Map<K, V>>, key: number): Map<K, V> {
  let found = outer.get(key);
  if (found === undefined) {
    found = new Map();
    outer.set(key, found);
  }
  return found;
}
