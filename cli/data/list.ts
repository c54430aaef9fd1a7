/** `data list`: what was imported (`SPEC.md` R51). @module */

import type {
  PackDirectory,
  PackIdentity,
} from "../../optimizer-wasm/data/pack/mod.ts";
import {
  type Coverage,
  coverageOf,
  OP_FAMILIES,
  type OpFamily,
  TABLES_OF_FAMILY,
} from "../../optimizer-wasm/data/validate/mod.ts";
import { type GraphCoverage, graphCoverage } from "../../optimizer-wasm/mod.ts";
import {
  type DataStore,
  powerDonors,
} from "../../optimizer-wasm/data/store/mod.ts";
import type { Command } from "../command.ts";
import { type Column, renderRows } from "../render.ts";
import {
  FILTER_OPTIONS,
  filteredIdentities,
  openNamedStore,
  slotsOf,
  STORE_OPTION,
} from "./options.ts";

interface IdentityRow {
  readonly identity: PackIdentity;
  readonly slots: readonly string[];
  readonly total: Coverage;
  readonly families: Readonly<Record<OpFamily, Coverage>>;
  /** Packs that watts are borrowed from where this one has none. */
  readonly lenders: readonly PackIdentity[];
  readonly sources: number;
  readonly bytes: number;
  readonly importedFrom: string;
}

const COLUMNS: readonly Column<IdentityRow>[] = [
  { key: "system", value: ({ identity }) => identity.system },
  { key: "backend", value: ({ identity }) => identity.backend },
  { key: "version", value: ({ identity }) => identity.version },
  { key: "slots", value: ({ slots }) => slots.join(" ") },
  { key: "rows", value: ({ total }) => total.leaves },
  {
    key: "own_share",
    title: "own",
    value: ({ total }) => share(total.primaryLeaves, total.leaves),
    show: ({ total }) => percent(total.primaryLeaves, total.leaves),
  },
  {
    key: "power_share",
    title: "power",
    value: ({ total }) => share(total.poweredLeaves, total.leaves),
    show: ({ total }) => percent(total.poweredLeaves, total.leaves),
  },
  {
    key: "power_borrowed_from",
    title: "borrows",
    value: ({ lenders }) =>
      lenders.map((it) => `${it.backend} ${it.version}`).join(", "),
    show: ({ lenders }) =>
      lenders.map((it) => `${it.backend} ${it.version}`).join(", ") || "–",
  },
  ...OP_FAMILIES.flatMap((family): Column<IdentityRow>[] => [{
    key: `${family}_rows`,
    title: family,
    value: ({ families }) => families[family].leaves,
    show: ({ families }) => String(families[family].leaves || "–"),
  }]),
  { key: "files", value: ({ sources }) => sources },
  {
    key: "bytes",
    title: "MB",
    value: ({ bytes }) => bytes,
    show: ({ bytes }) => (bytes / 1e6).toFixed(1),
  },
  { key: "imported_from", title: "from", value: (it) => it.importedFrom },
];

interface ModelRow extends GraphCoverage {
  readonly model: string;
}

const MODEL_COLUMNS: readonly Column<ModelRow>[] = [
  { key: "model", value: ({ model }) => model },
  { key: "graph", value: ({ family }) => family },
  { key: "architecture", value: ({ architecture }) => architecture },
  {
    key: "covered",
    value: ({ family }) => family !== undefined,
    show: ({ family }) => family === undefined ? "no" : "yes",
  },
  {
    key: "reason",
    value: ({ reason }) => reason,
    show: ({ model, reason = "" }) =>
      reason.replace(`The model "${model}" `, ""),
  },
];

/** Every stored model with its graph, or why it has none. */
async function modelRows(store: DataStore): Promise<ModelRow[]> {
  const rows: ModelRow[] = [];
  for (const model of store.modelNames()) {
    const config = await store.readModelConfig(model);
    rows.push({ model, ...graphCoverage(model, config) });
  }
  return rows;
}

/** The command. */
export const listCommand: Command = {
  name: "list",
  summary: "list what was imported, with its coverage",
  description:
    `One line for each imported (system, backend, version). rows: measured points after merging all files that count for it; own: share of them measured with this very version; power: share with measured power; borrows: whose watts fill the gaps (R53); then the rows of each family of operators.
slots: default is what an estimate uses that names no version; current, previous and next are upstream's names.
The last line of the table counts the models, and how many of them have a graph here and so can be estimated; --models names them all, with the reason where there is none (an estimate of such a model ends with unknown_model).`,
  usage: ["data list [flags]", "data list --models"],
  options: [
    ...FILTER_OPTIONS,
    {
      name: "models",
      kind: "boolean",
      help: "List the imported models instead: their graph, or why they " +
        "have none.",
    },
    STORE_OPTION,
  ],
  examples: [
    {
      command: "deno run -A main.ts data list --system h200_sxm",
      explains: "versions and coverage of one system",
    },
    {
      command: "deno run -A main.ts data list --models --output json",
      explains: "all models with a stored configuration, covered or not",
    },
  ],
  outputs: ["table", "json", "csv"],
  async run({ flags, output, signal, write }) {
    const store = await openNamedStore(flags);
    if (flags["models"] === true) {
      write(renderRows(await modelRows(store), MODEL_COLUMNS, output));
      return 0;
    }
    const rows: IdentityRow[] = [];
    for (const identity of filteredIdentities(store, flags)) {
      signal.throwIfAborted();
      const directory = await store.readDirectory(identity);
      const entry = store.index.identities.find((it) =>
        it.system === identity.system && it.backend === identity.backend &&
        it.version === identity.version
      );
      rows.push({
        identity,
        slots: slotsOf(store, identity),
        total: coverageOf(directory),
        families: coverageByFamily(directory),
        lenders: await powerDonors(store, identity),
        sources: directory.sources.length,
        bytes: entry?.bytes ?? 0,
        importedFrom: entry?.source ?? "",
      });
    }
    write(renderRows(rows, COLUMNS, output));
    if (output === "table") write(`\n${countOf(await modelRows(store))}\n`);
    return 0;
  },
};

function countOf(models: readonly ModelRow[]): string {
  const covered = models.filter(({ family }) => family !== undefined).length;
  return `${models.length} models, ${covered} of them with a graph here; --models names them.`;
}

function coverageByFamily(
  directory: PackDirectory,
): Record<OpFamily, Coverage> {
  const of = (family: OpFamily) =>
    coverageOf(directory, TABLES_OF_FAMILY[family]);
  return {
    gemm: of("gemm"),
    quantize: of("quantize"),
    attention: of("attention"),
    moe: of("moe"),
    comm: of("comm"),
    mla: of("mla"),
  };
}

/** A share, rounded so that it prints shortly. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round(part / whole * 1e6) / 1e6;
}

function percent(part: number, whole: number): string {
  return part === 0 ? "–" : `${(100 * share(part, whole)).toFixed(1)} %`;
}
