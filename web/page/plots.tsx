/** The plots: what watts buy, what speed for each user costs, and what a cap does to each side. @module */

import type {
  FleetCandidate,
  WattsPoint,
} from "../../optimizer-wasm/portable.ts";
import { capsLabel, fleetLabel, phaseKey, phasesOf } from "../plan/phases.ts";
import { throughputInterval } from "../plan/uncertainty.ts";
import type { CapCurve, CapPoint } from "../worker/protocol.ts";
import type { Answer } from "./answer.ts";
import {
  brief,
  clockText,
  milliseconds,
  NOTHING,
  number,
  percent,
  watts,
} from "./format.ts";
import { Plot, type PlotColumn } from "./plot.tsx";
import type { PlotModel } from "./plot_drawing.ts";

interface PlotsProps {
  readonly answer: Answer | undefined;
  /** Nothing can be plotted: there is no fleet. */
  readonly none: boolean;
}

const NO_FLEET = "Without a fleet there is nothing to plot.";

/** `1 GPU`, `64 GPUs`. */
function gpuCount(gpus: number): string {
  return gpus === 1 ? "1 GPU" : `${number(gpus)} GPUs`;
}

/** What a fleet says in a table behind a plot. */
function fleetColumns<Row>(
  fleetOf: (row: Row) => FleetCandidate,
): PlotColumn<Row>[] {
  const column = (
    key: string,
    title: string,
    value: (fleet: FleetCandidate) => number | undefined,
    show: (value: number) => string,
  ): PlotColumn<Row> => ({
    key,
    title,
    numeric: true,
    value: (row) => value(fleetOf(row)),
    show: (row) => {
      const found = value(fleetOf(row));
      return found === undefined ? NOTHING : show(found);
    },
  });
  return [
    column(
      "tokens_per_second",
      "tokens/s",
      (it) => it.tokensPerSecond,
      (it) => number(it),
    ),
    column(
      "tokens_per_second_low",
      "low",
      (it) => throughputInterval(it)?.low,
      (it) => number(it),
    ),
    column(
      "tokens_per_second_high",
      "high",
      (it) => throughputInterval(it)?.high,
      (it) => number(it),
    ),
    column("ttft_ms", "TTFT", (it) => it.ttftMs, milliseconds),
    column("itl_ms", "ITL", (it) => it.itlMs, milliseconds),
    column("gpus", "GPUs", (it) => it.gpus, (it) => number(it)),
    column("watts", "W", (it) => it.watts, (it) => number(it)),
    {
      key: "fleet",
      title: "Fleet",
      value: (row) => fleetLabel(fleetOf(row)),
      show: (row) => fleetLabel(fleetOf(row)),
    },
    {
      key: "caps",
      title: "Caps",
      value: (row) => capsLabel(fleetOf(row)),
      show: (row) => capsLabel(fleetOf(row)),
    },
  ];
}

const WATTS_COLUMNS: readonly PlotColumn<WattsPoint>[] = [
  {
    key: "power_budget_watts",
    title: "Budget",
    numeric: true,
    value: ({ budgetWatts }) => budgetWatts,
    show: ({ budgetWatts }) => `${number(budgetWatts)} W`,
  },
  ...fleetColumns<WattsPoint>(({ best }) => best),
];

/** Tokens per second against the budget, with the phases named. */
export function WattsPlot({ answer, none }: PlotsProps) {
  const points = answer?.watts?.finer ?? [];
  const phases = phasesOf(points);
  const budget = answer?.question.query.budgetWatts;
  const best = answer?.best?.result.best;
  const letters = (index: number) => String.fromCharCode(65 + index % 26);
  const model: PlotModel | undefined = points.length === 0 ? undefined : {
    xs: points.map(({ budgetWatts }) => budgetWatts / 1000),
    xLabel: "budget, kW",
    yLabel: "tokens/s",
    series: [{
      label: "plan",
      color: "accent",
      values: points.map((point) => point.best.tokensPerSecond),
      low: points.map((point) => throughputInterval(point.best)?.low ?? null),
      high: points.map((point) => throughputInterval(point.best)?.high ?? null),
      points: true,
    }],
    marks: phases.map(({ fromWatts }, index) => ({
      x: fromWatts / 1000,
      text: letters(index),
    })),
    ...(best && budget !== undefined
      ? { here: { x: budget / 1000, y: best.tokensPerSecond } }
      : {}),
    shaded: { from: 0, to: (points[0]?.budgetWatts ?? 0) / 1000 },
    hint: `${phases.length} phases from ${
      watts(points[0]?.budgetWatts ?? 0)
    } to ${watts(points.at(-1)?.budgetWatts ?? 0)}; the dot is the plan.`,
  };
  return (
    <Plot
      title="What watts buy"
      fileName="tokens-by-budget"
      empty={none ? NO_FLEET : undefined}
      model={model}
      rows={points}
      columns={WATTS_COLUMNS}
      readout={(index) => {
        const point = points[index];
        if (!point) return "";
        const phase = phases.findLastIndex(({ fromWatts }) =>
          point.budgetWatts >= fromWatts
        );
        return `${watts(point.budgetWatts)}: ${
          number(point.best.tokensPerSecond)
        } tokens/s · ${letters(phase)} ${
          phaseKey(point.best).replace(" | ", ", ")
        }`;
      }}
    >
      <ol class="phases" aria-label="Phases" tabIndex={0}>
        {phases.map(({ fromWatts, fleet, caps, first }, index) => (
          <li key={fromWatts}>
            <b>{letters(index)}</b>
            <span class="phase-from">from {watts(fromWatts)}</span>
            <span>{fleet}, {caps} · {gpuCount(first.gpus)}</span>
          </li>
        ))}
        {phases.length === 0 && <li>{NOTHING}</li>}
      </ol>
    </Plot>
  );
}

/** Tokens per second of a GPU against tokens per second of a user. */
export function UsersPlot({ answer, none }: PlotsProps) {
  const points = answer?.users?.points ?? [];
  const gpus = answer?.question.query.totalGpus ?? 1;
  const best = answer?.best?.result.best;
  // From few tokens for a user to many, as the axis runs.
  const rising = [...points].sort((a, b) => (b.itlMs ?? 0) - (a.itlMs ?? 0));
  const columns: readonly PlotColumn<FleetCandidate>[] = [
    {
      key: "tokens_per_second_per_user",
      title: "tokens/s/user",
      numeric: true,
      value: ({ itlMs }) => 1000 / (itlMs ?? Infinity),
      show: ({ itlMs }) => number(1000 / (itlMs ?? Infinity), 1),
    },
    {
      key: "tokens_per_second_per_gpu",
      title: "tokens/s/GPU",
      numeric: true,
      value: ({ tokensPerSecond }) => tokensPerSecond / gpus,
      show: ({ tokensPerSecond }) => number(tokensPerSecond / gpus, 1),
    },
    ...fleetColumns<FleetCandidate>((fleet) => fleet),
  ];
  const model: PlotModel | undefined = rising.length === 0 ? undefined : {
    xs: rising.map(({ itlMs }) => 1000 / (itlMs ?? Infinity)),
    xLabel: "tokens/s for each user",
    yLabel: "tokens/s/GPU",
    series: [{
      label: "frontier",
      color: "accent",
      values: rising.map(({ tokensPerSecond }) => tokensPerSecond / gpus),
      low: rising.map((fleet) => scaled(throughputInterval(fleet)?.low, gpus)),
      high: rising.map((fleet) =>
        scaled(throughputInterval(fleet)?.high, gpus)
      ),
      points: true,
    }],
    ...(best?.itlMs === undefined
      ? {}
      : { here: { x: 1000 / best.itlMs, y: best.tokensPerSecond / gpus } }),
    hint: `Every fleet that no other beats in both, over ${
      number(gpus)
    } GPUs; the dot is the plan.`,
  };
  return (
    <Plot
      title="What speed for each user costs"
      fileName="tokens-by-user-speed"
      empty={none ? NO_FLEET : undefined}
      model={model}
      rows={rising}
      columns={columns}
      readout={(index) => {
        const fleet = rising[index];
        if (!fleet?.itlMs) return "";
        return `${number(1000 / fleet.itlMs, 1)} tokens/s each (ITL ${
          milliseconds(fleet.itlMs)
        }): ${brief(fleet.tokensPerSecond / gpus)} tokens/s/GPU · ${
          fleetLabel(fleet)
        }`;
      }}
    />
  );
}

function scaled(value: number | undefined, by: number): number | null {
  return value === undefined ? null : value / by;
}

const CAP_COLUMNS: readonly PlotColumn<CapPoint>[] = [
  {
    key: "cap_watts",
    title: "Cap",
    numeric: true,
    value: (it) => it.capWatts,
    show: (it) => `${number(it.capWatts)} W`,
  },
  {
    key: "draw_watts",
    title: "Draws",
    numeric: true,
    value: (it) => it.drawWatts,
    show: (it) => `${number(it.drawWatts)} W`,
  },
  {
    key: "latency_ms",
    title: "Latency",
    numeric: true,
    value: (it) => it.latencyMs,
    show: (it) => milliseconds(it.latencyMs),
  },
  {
    key: "latency_error",
    title: "± from the cap",
    numeric: true,
    value: (it) => it.latencyError,
    show: (it) => percent(it.latencyError),
  },
  {
    key: "relative_clock",
    title: "Clock",
    numeric: true,
    value: (it) => it.clock,
    show: (it) => clockText(it.clock),
  },
];

const LATENCY: Readonly<Record<CapCurve["side"], string>> = {
  prefill: "TTFT",
  decode: "ITL",
  workers: "ITL",
};

/** Power and latency against the cap of one side. */
export function CapPlot(
  { answer, none, side }: PlotsProps & { readonly side: "first" | "second" },
) {
  const curves = answer?.caps?.curves ?? [];
  const curve = curves[side === "first" ? 0 : 1];
  const name = curve?.side ?? (side === "first" ? "prefill" : "decode");
  const points = curve?.points ?? [];
  const isMissing = answer?.caps !== undefined && !curve;
  const model: PlotModel | undefined = !curve || points.length === 0
    ? undefined
    : {
      xs: points.map(({ capWatts }) => capWatts),
      xLabel: "cap of one GPU, W",
      yLabel: `${LATENCY[curve.side]}, ms`,
      rightLabel: "draw, W",
      series: [
        {
          label: LATENCY[curve.side],
          color: curve.side,
          values: points.map(({ latencyMs }) => latencyMs),
          low: points.map((it) => it.latencyMs * (1 - it.latencyError)),
          high: points.map((it) => it.latencyMs * (1 + it.latencyError)),
        },
        {
          label: "draw",
          color: "soft",
          values: points.map(({ drawWatts }) => drawWatts),
          axis: "right",
          dashed: true,
        },
      ],
      marks: [
        ...(curve.chosenWatts === undefined ? [] : [{
          x: curve.chosenWatts,
          text: `cap ${number(curve.chosenWatts)} W`,
          strong: true,
        }]),
        { x: curve.freeCapWatts, text: "free" },
      ],
      shaded: { from: 0, to: curve.measuredFromWatts },
      hint: `Batch ${curve.batchSize}. Solid: ${
        LATENCY[curve.side]
      } with its declared error; dashed: draw; shaded: beyond what curves were measured for.`,
    };
  return (
    <Plot
      title={`What a cap does to ${name}`}
      fileName={`cap-${name}`}
      empty={none
        ? NO_FLEET
        : isMissing
        ? "Workers are of one kind here."
        : undefined}
      model={model}
      rows={points}
      columns={CAP_COLUMNS}
      readout={(index) => {
        const point = points[index];
        if (!point) return "";
        const error = point.latencyError > 0
          ? ` ± ${percent(point.latencyError)}`
          : "";
        return `${number(point.capWatts)} W: ${LATENCY[name]} ${
          milliseconds(point.latencyMs)
        }${error}, draws ${number(point.drawWatts)} W, clock ${
          clockText(point.clock)
        }`;
      }}
    />
  );
}
