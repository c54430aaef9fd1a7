/** The table of seeded bugs: `deno run -A tests/seeded_bugs/main.ts [--schedules N] [PART OF A NAME…]`. Exits with 1 when one is not found. @module */

import { parseArgs } from "node:util";
import { BrokenTree } from "./broken_tree.ts";
import { SEEDED_BUGS } from "./bugs.ts";

/** A bug that takes more schedules is one that schedules do not find. */
export const WITHIN_SCHEDULES = 1_000;

/** Runs all of them, so many side by side. @returns names of those that were not found */
export async function searchAll(
  write: (line: string) => void,
  { parts = [""], lanes = 2, within = WITHIN_SCHEDULES }: {
    /** Bugs of whose rule and name one of them is a part. */
    readonly parts?: readonly string[];
    readonly lanes?: number;
    readonly within?: number;
  } = {},
): Promise<string[]> {
  const missed: string[] = [];
  const waiting = SEEDED_BUGS.filter(({ name, rule }) =>
    parts.some((part) => `${rule} ${name}`.includes(part))
  );
  const lane = async () => {
    await using tree = await BrokenTree.create();
    for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
      const found = await tree.search(bug, {
        firstSeed: 1,
        count: within,
      });
      if (found.seed === undefined) missed.push(bug.name);
      write(
        `| ${bug.rule} | ${bug.name} | ${
          found.seed === undefined ? "not found" : found.schedules
        } | ${found.invariant ?? ""} |`,
      );
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return missed;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { schedules: { type: "string" } },
    allowPositionals: true,
  });
  const missed = await searchAll(console.log, {
    parts: positionals.length > 0 ? positionals : [""],
    within: Number(values.schedules ?? WITHIN_SCHEDULES),
  });
  if (missed.length > 0) Deno.exit(1);
}
