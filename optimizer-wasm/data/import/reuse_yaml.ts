/** `reuse.yaml`: donors that a version folder declares (`aic-engine.md` §1.1). @module */

import { z } from "zod";
import { parseYaml } from "./parse_yaml.ts";

const filled = z.string().min(1);
const schema = z.object({
  schema_version: z.literal("1"),
  reuse: z.array(z.object({
    table: filled,
    from_version: filled,
    reason: filled,
    approved_by: filled,
  })),
});

/** One declared donor. */
export interface DeclaredDonor {
  /** File stem, `gemm_perf`. */
  readonly table: string;
  readonly fromVersion: string;
}

/** Reads a `reuse.yaml`, in file order. @throws {WattkeeperError} `invalid_file` */
export function readReuseYaml(text: string, where: string): DeclaredDonor[] {
  return parseYaml({ text, where, schema, scalarsAsText: true }).reuse.map(
    ({ table, from_version }) => ({ table, fromVersion: from_version }),
  );
}
