/** `perf_data_reuse_manifest.yaml`: which kernels may be borrowed across frameworks (`aic-engine.md` §1.2, step 4). @module */

import { z } from "zod";
import { parseYaml } from "./parse_yaml.ts";

const schema = z.object({
  groups: z.array(z.object({
    op_file: z.string(),
    kernel_source: z.string().optional(),
    tier: z.string(),
    frameworks: z.array(z.string()),
  })),
});

const SHARED_TIERS = ["shared", "shared_fallback"];

/** Kernels that a table of one backend may take from others. */
export type ReuseManifest = (
  /** File stem, `mla_bmm_perf`. */
  table: string,
  backend: string,
) => ReadonlyMap<string, ReadonlySet<string>>;

/** A source without a manifest borrows nothing. */
export const NO_REUSE: ReuseManifest = () => new Map();

/**
 * Reads the manifest.
 *
 * @returns for (table, backend): allowed kernel sources by other framework, alphabetical
 * @throws {WattkeeperError} `invalid_file`
 */
export function readReuseManifest(text: string, where: string): ReuseManifest {
  const groups = parseYaml({ text, where, schema, scalarsAsText: true }).groups
    .filter(({ tier }) => SHARED_TIERS.includes(tier))
    .map((group) => ({
      ...group,
      table: group.op_file.replace(/\.(parquet|txt)$/, ""),
    }));
  return (table, backend) => {
    const allowed = new Map<string, Set<string>>();
    for (const group of groups) {
      const { kernel_source, frameworks } = group;
      if (group.table !== table || !kernel_source) continue;
      if (!frameworks.includes(backend)) continue;
      for (const framework of frameworks) {
        if (framework === backend) continue;
        const kernels = allowed.get(framework) ?? new Set();
        allowed.set(framework, kernels.add(kernel_source));
      }
    }
    return new Map([...allowed].sort(([a], [b]) => a < b ? -1 : 1));
  };
}
