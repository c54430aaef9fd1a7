/** Budget, charged, effective and drawn watts over time, as far back as the page was open. @module */

import { useMemo } from "preact/hooks";
import { NOTHING, number, watts } from "../page/format.ts";
import { Plot, type PlotColumn } from "../page/plot.tsx";
import type { PlotModel } from "../page/plot_drawing.ts";
import type { WattsSample } from "./feed.ts";

const shown = (value: number | null) => value === null ? NOTHING : watts(value);

function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

const COLUMNS: readonly PlotColumn<WattsSample>[] = [
  {
    key: "at_ms",
    title: "Time, UTC",
    value: ({ atMs }) => atMs,
    show: ({ atMs }) => clock(atMs),
  },
  {
    key: "budget_watts",
    title: "Budget",
    numeric: true,
    value: (it) => it.budget,
    show: (it) => shown(it.budget),
  },
  {
    key: "charged_watts",
    title: "Charged",
    numeric: true,
    value: (it) => it.charged,
    show: (it) => shown(it.charged),
  },
  {
    key: "effective_watts",
    title: "Effective",
    numeric: true,
    value: (it) => it.effective,
    show: (it) => shown(it.effective),
  },
  {
    key: "draw_watts",
    title: "Drawn",
    numeric: true,
    value: (it) => it.drawn,
    show: (it) => shown(it.drawn),
  },
];

/** The plot. */
export function WattsOverTime(
  { samples }: { readonly samples: readonly WattsSample[] },
) {
  const model = useMemo((): PlotModel | undefined => {
    const first = samples[0];
    if (!first || samples.length < 2) return undefined;
    return {
      xs: samples.map(({ atMs }) => (atMs - first.atMs) / 60_000),
      xLabel: "minutes of the planner's time since this page was opened",
      yLabel: "W",
      series: [
        {
          label: "budget",
          color: "soft",
          values: samples.map(({ budget }) => budget),
          dashed: true,
        },
        {
          label: "charged",
          color: "accent",
          values: samples.map(({ charged }) => charged),
        },
        {
          label: "effective",
          color: "workers",
          values: samples.map(({ effective }) => effective),
        },
        {
          label: "drawn",
          color: "decode",
          values: samples.map(({ drawn }) => drawn),
        },
      ],
      hint:
        "Dashed: budget in force. The sum of charges stays below it at every instant.",
    };
  }, [samples]);
  return (
    <Plot
      title="Watts over time"
      fileName="watts-over-time"
      empty={model ? undefined : "The plot begins with the second reading."}
      model={model}
      rows={samples}
      columns={COLUMNS}
      readout={(index) => {
        const sample = samples[index];
        if (!sample) return "";
        return `${clock(sample.atMs)} UTC: budget ${
          shown(sample.budget)
        }, charged ${shown(sample.charged)}, effective ${
          shown(sample.effective)
        }, drawn ${shown(sample.drawn)}`;
      }}
    >
      <p class="legend">
        <span>
          <i class="key key-soft" />budget
        </span>
        <span>
          <i class="key key-accent" />charged
        </span>
        <span>
          <i class="key key-workers" />effective limits
        </span>
        <span>
          <i class="key key-decode" />drawn
        </span>
        <span class="hint-inline">{number(samples.length)} readings</span>
      </p>
    </Plot>
  );
}
