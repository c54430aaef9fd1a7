/** One policy over time: watts, tokens, replicas, caps, latencies. @module */

import { useMemo } from "preact/hooks";
import type { PolicyRun, Sample } from "../../../proof/portable.ts";
import { milliseconds, NOTHING, number, watts } from "../format.ts";
import { Plot, type PlotColumn } from "../plot.tsx";
import type { PlotModel, PlotSeries } from "../plot_drawing.ts";
import { clockTime } from "./clock_time.ts";

/** What the plots show. */
export interface TimePlotsProps {
  readonly run: PolicyRun | undefined;
  /** Latency targets; undefined until there is something to see. */
  readonly targets: LatencyTargets | undefined;
  readonly waiting: string;
  /** The chosen instant, an index of the samples. */
  readonly instant: number;
  readonly pick: (instant: number) => void;
}

/** Milliseconds. */
interface LatencyTargets {
  readonly ttftMs: number;
  readonly itlMs: number;
}

type Side = "prefill" | "decode" | "agg";
const SIDES: readonly Side[] = ["prefill", "decode", "agg"];
const SIDE_COLORS = {
  prefill: "prefill",
  decode: "decode",
  agg: "workers",
} as const;

interface Line {
  readonly label: string;
  readonly key: string;
  readonly color: PlotSeries["color"];
  readonly pick: (sample: Sample) => number | undefined;
  readonly dashed?: boolean;
  readonly step?: boolean;
  readonly width?: number;
}

interface Panel {
  readonly title: string;
  readonly fileName: string;
  readonly unit: string;
  readonly show: (value: number) => string;
  readonly lines: readonly Line[];
  /** Why there is nothing to see, if there is nothing. */
  readonly empty?: string | undefined;
}

/** Six plots. */
export function TimePlots(props: TimePlotsProps) {
  const { run, targets } = props;
  // A plot is drawn anew, without its zoom, only when it shows something else.
  const panels = useMemo(
    () =>
      panelsOf(run, targets).map((panel) => ({
        ...panel,
        model: run && modelOf(run, panel),
      })),
    [run, targets],
  );
  return (
    <div class="grid time-plots">
      {panels.map((panel) => (
        <TimePlot key={panel.title} panel={panel} {...props} />
      ))}
    </div>
  );
}

function modelOf({ samples }: PolicyRun, panel: Panel): PlotModel {
  return {
    xs: samples.map(({ atSeconds }) => atSeconds / 3600),
    xLabel: "hours",
    yLabel: panel.unit,
    series: panel.lines.map((line) => ({
      label: line.label,
      color: line.color,
      values: samples.map((sample) => line.pick(sample) ?? null),
      dashed: line.dashed ?? false,
      step: line.step ?? false,
      width: line.width ?? 1.5,
    })),
    hint: panel.lines.map(({ label, dashed }) =>
      `${label}${dashed ? " (dashed)" : ""}`
    ).join(", "),
  };
}

function TimePlot(
  { panel, run, waiting, instant, pick }: TimePlotsProps & {
    readonly panel: Panel & { readonly model: PlotModel | undefined };
  },
) {
  const samples = run?.samples ?? [];
  const at = samples[instant];
  const said = (sample: Sample) =>
    panel.lines.map((line) => {
      const value = line.pick(sample);
      return `${line.label} ${
        value === undefined ? NOTHING : panel.show(value)
      }`;
    }).join(", ");
  const columns: PlotColumn<Sample>[] = [
    {
      key: "hours",
      title: "Time",
      value: (sample) => sample.atSeconds / 3600,
      show: (sample) => clockTime(sample.atSeconds),
    },
    ...panel.lines.map((line): PlotColumn<Sample> => ({
      key: line.key,
      title: line.label,
      numeric: true,
      value: line.pick,
      show: (sample) => {
        const value = line.pick(sample);
        return value === undefined ? NOTHING : panel.show(value);
      },
    })),
  ];
  return (
    <Plot
      title={panel.title}
      fileName={`day-${panel.fileName}-${run?.policy ?? ""}`}
      empty={run ? panel.empty : undefined}
      waiting={waiting}
      model={panel.model}
      rows={samples}
      columns={columns}
      chosen={at && at.atSeconds / 3600}
      pick={pick}
      readout={(index) => {
        const sample = samples[index];
        return sample ? `${clockTime(sample.atSeconds)}: ${said(sample)}` : "";
      }}
    />
  );
}

function panelsOf(
  run: PolicyRun | undefined,
  targets: TimePlotsProps["targets"],
): readonly Panel[] {
  const samples = run?.samples ?? [];
  const sides = SIDES.filter((side) =>
    samples.some(({ wanted }) => wanted[side] !== undefined)
  );
  const isByRequest = samples.some(({ ttftP99Ms }) => ttftP99Ms !== undefined);
  const latency = (
    name: string,
    targetMs: number | undefined,
    mean: Line["pick"],
    p99: Line["pick"],
  ): Panel => ({
    title: `${name} over time`,
    fileName: name.toLowerCase(),
    unit: "ms",
    show: milliseconds,
    lines: [
      { label: "mean", key: "mean_ms", color: "accent", pick: mean },
      ...(isByRequest
        ? [{
          label: "p99",
          key: "p99_ms",
          color: "decode" as const,
          pick: p99,
        }]
        : []),
      {
        label: "target",
        key: "target_ms",
        color: "soft",
        pick: () => targetMs,
        dashed: true,
      },
    ],
  });
  const hasCaps = samples.some(({ capWatts }) =>
    Object.keys(capWatts).length > 0
  );
  return [
    {
      title: "Watts against the budget",
      fileName: "watts",
      unit: "W",
      show: watts,
      lines: [
        {
          label: "drawn",
          key: "draw_watts",
          color: "accent",
          pick: ({ drawWatts }) => drawWatts,
        },
        {
          label: "limits",
          key: "limit_watts",
          color: "workers",
          pick: ({ limitWatts }) => limitWatts,
          step: true,
        },
        {
          label: "budget",
          key: "budget_watts",
          color: "soft",
          pick: () => run?.budgetWatts,
          dashed: true,
        },
      ],
    },
    {
      title: "Output tokens a second",
      fileName: "tokens",
      unit: "tokens/s",
      show: (value) => number(value),
      lines: [
        {
          label: "asked for",
          key: "asked_tokens_per_second",
          color: "soft",
          pick: (sample) => sample.askedTokensPerSecond,
          width: 4,
        },
        {
          label: "in time",
          key: "in_time_tokens_per_second",
          color: "accent",
          pick: (sample) => sample.inTimeTokensPerSecond,
        },
      ],
    },
    {
      title: "Replicas",
      fileName: "replicas",
      unit: "replicas",
      show: (value) => number(value),
      lines: sides.flatMap((side): Line[] => [
        {
          label: `${side} wanted`,
          key: `${side}_wanted`,
          color: SIDE_COLORS[side],
          pick: ({ wanted }) => wanted[side],
          step: true,
          dashed: true,
        },
        {
          label: `${side} serving`,
          key: `${side}_serving`,
          color: SIDE_COLORS[side],
          pick: ({ ready }) => ready[side],
          step: true,
        },
      ]),
    },
    {
      title: "Caps of one GPU",
      fileName: "caps",
      unit: "W",
      show: watts,
      empty: hasCaps ? undefined : "This policy sets no caps.",
      lines: sides.map((side) => ({
        label: side,
        key: `${side}_cap_watts`,
        color: SIDE_COLORS[side],
        pick: ({ capWatts }) => capWatts[side],
        step: true,
      })),
    },
    latency(
      "TTFT",
      targets?.ttftMs,
      ({ ttftMs }) => ttftMs,
      ({ ttftP99Ms }) => ttftP99Ms,
    ),
    latency(
      "ITL",
      targets?.itlMs,
      ({ itlMs }) => itlMs,
      ({ itlP99Ms }) => itlP99Ms,
    ),
  ];
}
