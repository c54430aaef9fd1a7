/** Is a pack fit to be estimated from (`SPEC.md` R51)? @module */

import type { Pack, PackIdentity, PackTable } from "../pack/mod.ts";
import { checkSlice, type LeafFindings, noFindings } from "./check_leaves.ts";
import { coverageOf, ESSENTIAL_TABLES } from "./op_families.ts";

/** `fail`: values that cannot be; `warn`: something is missing or odd. */
export type Verdict = "ok" | "warn" | "fail";

/** Findings of one table. */
export interface TableReport extends Readonly<LeafFindings> {
  readonly table: PackTable;
  readonly verdict: Verdict;
  readonly findings: readonly string[];
}

/** Findings of one pack. */
export interface PackReport {
  readonly identity: PackIdentity;
  readonly verdict: Verdict;
  readonly findings: readonly string[];
  readonly tables: readonly TableReport[];
  /** Tables that nothing can be estimated without and that are not there. */
  readonly missing: readonly PackTable[];
}

/** Upstream stores this table as the difference of two measurements, which can be nothing or less. */
const DIFFERENCES: readonly PackTable[] = ["computescale"];
/** Tile sizes and run-to-run spread make sound tables fall in up to a quarter of all pairs; more is worth a look. */
const ODD_FALLING_SHARE = 0.25;

/** Checks every leaf of a pack. @throws `signal.reason` */
export function validatePack(
  { directory, payload }: Pack,
  signal?: AbortSignal,
): PackReport {
  const { tdpWatts } = directory.system;
  const byTable = Map.groupBy(directory.slices, ({ table }) => table);
  const tables = [...byTable].map(([table, slices]) => {
    signal?.throwIfAborted();
    const found = noFindings();
    for (const slice of slices) checkSlice(slice, { payload, tdpWatts }, found);
    return reportTable(table, found);
  });
  const missing = ESSENTIAL_TABLES.filter((table) =>
    coverageOf(directory, [table]).leaves === 0
  );
  const limits = severalLimits(directory.powerLimitsWatts);
  const verdicts = tables.map((it) => it.verdict);
  return {
    identity: directory.identity,
    tables,
    missing,
    verdict: verdicts.includes("fail")
      ? "fail"
      : missing.length > 0 || verdicts.includes("warn")
      ? "warn"
      : "ok",
    findings: [
      ...(limits === undefined ? [] : [limits]),
      ...(missing.length > 0 ? [`no ${missing.join(", ")} table`] : []),
      ...tables.flatMap(({ table, findings }) =>
        findings.map((finding) => `${table}: ${finding}`)
      ),
    ],
  };
}

/** Rows at lower limits are measured points of what a cap costs. */
function severalLimits(limitsWatts: readonly number[]): string | undefined {
  const highest = limitsWatts.at(-1);
  return limitsWatts.length < 2 || highest === undefined
    ? undefined
    : `measured at ${limitsWatts.length} power limits (${
      limitsWatts.join(", ")
    } W): caps from ${limitsWatts[0]} W up cost what was measured`;
}

function reportTable(table: PackTable, found: LeafFindings): TableReport {
  const failures: string[] = [];
  const warnings: string[] = [];
  const share = (count: number, of: number) =>
    `${count} of ${of} (${(100 * count / of).toFixed(1)} %)`;
  if (found.nonFinite > 0) {
    failures.push(`${found.nonFinite} latencies are no finite number`);
  }
  if (found.nonPositive > 0) {
    const into = DIFFERENCES.includes(table) ? warnings : failures;
    into.push(`latency ≤ 0 in ${share(found.nonPositive, found.leaves)}`);
  }
  if (found.powerOutOfRange > 0) {
    failures.push(
      `power outside 0.1–1.1 TDP in ${
        share(found.powerOutOfRange, found.powered)
      }`,
    );
  }
  if (found.falling > ODD_FALLING_SHARE * found.pairs) {
    warnings.push(
      `latency falls with size in ${share(found.falling, found.pairs)} pairs`,
    );
  }
  return {
    ...found,
    table,
    findings: [...failures, ...warnings],
    verdict: failures.length > 0 ? "fail" : warnings.length > 0 ? "warn" : "ok",
  };
}
