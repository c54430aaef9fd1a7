/** `data validate`: is what was imported fit to be estimated from (`SPEC.md` R51)? @module */

import { POWER_FIT_ERROR } from "../../optimizer-wasm/power_fit/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { PackIdentity } from "../../optimizer-wasm/data/pack/mod.ts";
import {
  NOISE_SHARE,
  type PackReport,
  POWER_RANGE,
  type TableReport,
  validatePack,
  type Verdict,
} from "../../optimizer-wasm/data/validate/mod.ts";
import type { DataStore } from "../../optimizer-wasm/data/store/mod.ts";
import {
  checkTightBudget,
  type EstimatorOpener,
  openEstimators,
} from "../../optimizer-wasm/mod.ts";
import type { Command } from "../command.ts";
import { type Column, renderRows } from "../render.ts";
import {
  FILTER_OPTIONS,
  filteredIdentities,
  openNamedStore,
  STORE_OPTION,
  storeDirectory,
} from "./options.ts";

type Counts = Pick<
  TableReport,
  | "leaves"
  | "nonFinite"
  | "nonPositive"
  | "powered"
  | "powerOutOfRange"
  | "pairs"
  | "falling"
>;

interface ReportRow extends Counts {
  readonly identity: PackIdentity;
  /** A table's name, or `all`. */
  readonly table: string;
  readonly verdict: Verdict;
  readonly findings: readonly string[];
}

const COLUMNS: readonly Column<ReportRow>[] = [
  { key: "system", value: ({ identity }) => identity.system },
  { key: "backend", value: ({ identity }) => identity.backend },
  { key: "version", value: ({ identity }) => identity.version },
  { key: "table", value: ({ table }) => table },
  { key: "verdict", value: ({ verdict }) => verdict },
  { key: "rows", value: ({ leaves }) => leaves },
  { key: "non_finite", title: "not finite", value: (it) => it.nonFinite },
  { key: "non_positive", title: "≤ 0", value: (it) => it.nonPositive },
  { key: "powered_rows", title: "powered", value: (it) => it.powered },
  {
    key: "power_out_of_range",
    title: "power off",
    value: (it) => it.powerOutOfRange,
  },
  {
    key: "falling_share",
    title: "falling",
    value: ({ falling, pairs }) =>
      pairs === 0 ? 0 : Math.round(falling / pairs * 1e6) / 1e6,
    show: ({ falling, pairs }) =>
      pairs === 0 ? "–" : `${(100 * falling / pairs).toFixed(1)} %`,
  },
  { key: "findings", value: ({ findings }) => findings.join("; ") },
];

/** The command. */
export const validateCommand: Command = {
  name: "validate",
  summary: "check imported data for values that cannot be",
  description:
    `Reads every pack with its checksum and looks at each measured point. verdict fail: a latency that is not finite or, outside of computescale (a difference of two measurements), not above 0; a power outside of ${POWER_RANGE.least} to ${POWER_RANGE.most} times TDP; a damaged pack. a search inside half the watts that powers no fewer replicas. verdict warn: a table is missing that every estimate needs, latencies fall oddly often, or no fleet can be searched.
falling: share of neighbours along tokens, lengths or sizes of which the greater one is more than ${
      100 * NOISE_SHARE
    } % faster. Exit code 1 when any verdict is fail.`,
  usage: ["data validate [flags]"],
  options: [
    ...FILTER_OPTIONS,
    {
      name: "by-table",
      kind: "boolean",
      help: "One line for each table instead of one for each pack.",
    },
    STORE_OPTION,
  ],
  examples: [
    {
      command: "deno run -A main.ts data validate",
      explains: "all packs",
    },
    {
      command:
        "deno run -A main.ts data validate --system b200_sxm --by-table --output csv",
      explains: "each table of one system, for a spreadsheet",
    },
  ],
  outputs: ["table", "json", "csv"],
  async run({ flags, output, signal, write, progress }) {
    const store = await openNamedStore(flags);
    const opener = await openEstimators(storeDirectory(flags));
    const identities = filteredIdentities(store, flags);
    const rows: ReportRow[] = [];
    for (const [done, identity] of identities.entries()) {
      signal.throwIfAborted();
      progress.update(
        done,
        identities.length,
        `${identity.system} ${identity.backend} ${identity.version}`,
      );
      const report = await withTightBudget(
        await validateOne(store, identity, signal),
        opener,
      );
      rows.push(
        ...(flags["by-table"] === true && "tables" in report
          ? tableRows(report)
          : ["tables" in report ? packRow(report) : report]),
      );
    }
    progress.end();
    write(renderRows(rows, COLUMNS, output));
    if (output === "table") write(`\n${heldOutErrors()}`);
    return rows.some(({ verdict }) => verdict === "fail") ? 1 : 0;
  },
};

/** What the watts that no table measured are off by: the error that the shipped model was committed with. */
function heldOutErrors(): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const lines = POWER_FIT_ERROR.steps.map(({ pack, heldOut, all }) =>
    `  ${pack} without ${
      heldOut === "all" ? "any of its power" : `a fifth of its ${heldOut}`
    }: ${percent(all.median)} median, ${percent(all.p90)} p90\n`
  );
  return `Watts that no table measured are modelled. Error of whole steps, held out of the fit:\n${
    lines.join("")
  }"data fit --tables" computes it again; docs/power.md has the errors by family.\n`;
}

/** A pack that cannot be read is a finding, and the others are still looked at. */
async function validateOne(
  store: DataStore,
  identity: PackIdentity,
  signal: AbortSignal,
): Promise<PackReport | ReportRow> {
  try {
    return validatePack(await store.readPack(identity), signal);
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    return {
      ...sumCounts([]),
      identity,
      table: "all",
      verdict: "fail",
      findings: [`${error.code}: ${error.message}`],
    };
  }
}

/** A pack that is sound value by value must also let a budget bite (R51). */
async function withTightBudget(
  report: PackReport | ReportRow,
  opener: EstimatorOpener,
): Promise<PackReport | ReportRow> {
  if (report.verdict === "fail") return report;
  const { verdict, finding } = await checkTightBudget(opener, report.identity);
  if (verdict === "ok") return report;
  return {
    ...report,
    verdict,
    findings: [...report.findings, `tight budget: ${finding}`],
  };
}

function packRow(report: PackReport): ReportRow {
  const { identity, verdict, findings, tables } = report;
  return { ...sumCounts(tables), identity, table: "all", verdict, findings };
}

function tableRows({ identity, tables, missing }: PackReport): ReportRow[] {
  return [
    ...tables.map((table) => ({ ...table, identity })),
    ...missing.map((table): ReportRow => ({
      ...sumCounts([]),
      identity,
      table,
      verdict: "warn",
      findings: ["the table is missing"],
    })),
  ];
}

function sumCounts(tables: readonly Counts[]): Counts {
  const sum = (of: (table: Counts) => number) =>
    tables.reduce((total, table) => total + of(table), 0);
  return {
    leaves: sum((it) => it.leaves),
    nonFinite: sum((it) => it.nonFinite),
    nonPositive: sum((it) => it.nonPositive),
    powered: sum((it) => it.powered),
    powerOutOfRange: sum((it) => it.powerOutOfRange),
    pairs: sum((it) => it.pairs),
    falling: sum((it) => it.falling),
  };
}
