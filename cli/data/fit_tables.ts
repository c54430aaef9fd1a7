/** `data fit --tables` (R53). @module */

import { measuredPacks } from "../../optimizer-wasm/data/store/mod.ts";
import { loadModule } from "../../optimizer-wasm/mod.ts";
import {
  fitPower,
  type PowerFit,
  type StepError,
} from "../../optimizer-wasm/power_fit/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { type Column, renderRows } from "../render.ts";
import { openNamedStore } from "./options.ts";
import { writeFound } from "./write_found.ts";

/** Runs the fit and prints it. */
export async function fitTables(context: CommandContext): Promise<number> {
  const { flags, output, signal, write, progress } = context;
  const store = await openNamedStore(flags);
  const identities = await measuredPacks(store);
  if (identities.length === 0) {
    throw new WattkeeperError(
      "not_imported",
      "No imported pack has measured power of its own.",
      {
        where: store.directory,
        remedy:
          "Import a checkout of AIConfigurator's repository: its h200_sxm and b200_sxm tables have power, the released wheel's have next to none.",
      },
    );
  }
  const fit = await fitPower({
    module: await loadModule(),
    packs: await Promise.all(identities.map((it) => store.readPack(it))),
    models: store,
    signal,
    onProgress: (done, total, label) => progress.update(done, total, label),
  });
  progress.end();
  await writeFound(flags["write"], fit);
  write(
    output === "json" ? `${JSON.stringify(fit, null, 2)}\n` : fitTable(fit),
  );
  return 0;
}

const percent = (share: number) =>
  Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–";

const interval = ({ low, high }: { low: number; high: number }) =>
  `${low.toFixed(2)}–${high.toFixed(2)}`;

const errorPair = ({ median, p90, steps }: StepError) =>
  steps === 0 ? "–" : `${percent(median)} / ${percent(p90)}`;

const WITHOUT: Readonly<Record<string, string>> = {
  rows: "a fifth of its rows",
  shapes: "a fifth of its shapes",
  all: "all of its power",
};

/** The tables that people read. */
export function fitTable(fit: Omit<PowerFit, "model">): string {
  const steps: readonly Column<PowerFit["steps"][number]>[] = [
    { key: "pack", value: ({ pack }) => pack },
    { key: "without", value: ({ heldOut }) => WITHOUT[heldOut] ?? heldOut },
    { key: "fitted on", value: ({ fittedOn }) => fittedOn },
    { key: "all steps", value: ({ all }) => errorPair(all) },
    { key: "touched steps", value: ({ touched }) => errorPair(touched) },
    { key: "dense", value: ({ dense }) => errorPair(dense) },
    { key: "moe", value: ({ moe }) => errorPair(moe) },
    { key: "bias", value: ({ all }) => percent(all.bias) },
  ];
  const families = Object.entries(fit.families).flatMap(([backend, found]) =>
    Object.entries(found).map(([family, error]) => ({
      backend,
      family,
      ...error,
    }))
  );
  const disagreements = fit.disagreement.flatMap(
    ({ first, second, families }) =>
      Object.entries(families).map(([family, found]) => ({
        pair: `${first} ÷ ${second}`,
        family,
        ...found,
      })),
  );
  return [
    "Whole steps, median / 90th percentile of the error against all of the pack's power (touched: those that something held out is part of):\n",
    renderRows(fit.steps, steps, "table"),
    "\nRows of shapes that the fit did not see (five folds):\n",
    renderRows(families, [
      { key: "backend", value: (it) => it.backend },
      { key: "family", value: (it) => it.family },
      { key: "median", value: (it) => percent(it.median) },
      { key: "p90", value: (it) => percent(it.p90) },
      { key: "interval", value: (it) => interval(it.interval) },
      { key: "rows", value: (it) => it.rows },
      { key: "shapes", value: (it) => it.shapes },
    ], "table"),
    ...(disagreements.length === 0 ? [] : [
      "\nTwo measured backends at the same shape:\n",
      renderRows(disagreements, [
        { key: "pair", value: (it) => it.pair },
        { key: "family", value: (it) => it.family },
        { key: "median", value: (it) => percent(it.median) },
        { key: "p90", value: (it) => percent(it.p90) },
        { key: "bias", value: (it) => percent(it.bias) },
        { key: "interval", value: (it) => interval(it.interval) },
        { key: "rows", value: (it) => it.rows },
      ], "table"),
    ]),
  ].join("");
}
