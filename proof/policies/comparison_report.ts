/** A comparison as a report: the table of scores, and each run over time. @module */

import type {
  ReportData,
  ReportLine,
  ReportPanel,
  ReportRun,
} from "../report/mod.ts";
import type { PerSide, Side } from "../../planner/portable_planner.ts";
import type { Comparison } from "./compare.ts";
import { kilowatts, scoreRows } from "./comparison_table.ts";
import type { PolicyRun, Sample } from "./run_policy.ts";

const SIDES: readonly Side[] = ["prefill", "decode", "agg"];

const NOTES = [
  "In time: TTFT and the mean gap between tokens of a request both within the targets; of a fluid, the means of each step.",
  "Watts provided: the budget, or the highest sum of limits where that passed it. Joules: what all GPUs with a pod drew.",
  "Times over the budget are counted at every event at which the limits of GPUs that a pod can draw from pass it.",
  "Engines do what the performance model says they do. What a cap below a GPU's own draw costs is modelled, not measured.",
];

/** Everything that the page shows. */
export function comparisonReport(comparison: Comparison): ReportData {
  const { input, runs, leadInSeconds } = comparison;
  const { config, traffic, resolution, seed, seconds } = input;
  const rows = scoreRows(runs, resolution);
  return {
    title: `${config.engine?.model ?? "A model"} on up to ${
      config.maxGpus ?? "any number of"
    } ${config.engine?.system ?? "GPUs"}`,
    subtitle:
      `Policies side by side: the same requests, the same seed, a budget of ${
        input.budgetsWatts.map(kilowatts).join(", ")
      }.`,
    facts: [
      { name: "Traffic", value: traffic.name },
      {
        name: "Targets",
        value: `TTFT ${config.ttftMs} ms, ITL ${config.itlMs} ms`,
      },
      {
        name: "Resolution",
        value: resolution === "request"
          ? "every request by itself"
          : "traffic as a fluid",
      },
      {
        name: "Counted",
        value: `${(seconds / 3600).toFixed(1)} h after ${
          leadInSeconds / 60
        } min`,
      },
      { name: "Seed", value: String(seed) },
      { name: "Model data", value: input.opened.dataVersion },
    ],
    runs: runs.map((run): ReportRun => ({
      name: `${run.policy}, ${kilowatts(run.budgetWatts)}`,
      summary: rows.map(({ name, show }) => ({
        name: name.trim(),
        value: show(run.score),
      })),
      lengthSeconds: seconds,
      panels: panelsOf(run, config),
      decisions: run.decisions.filter(({ atSeconds }) => atSeconds >= 0),
      faults: [],
    })),
    notes: [
      ...runs.map((run) =>
        `${run.policy}, ${kilowatts(run.budgetWatts)}: ${run.rule}.`
      ),
      ...NOTES,
    ],
  };
}

function panelsOf(
  { samples, budgetWatts }: PolicyRun,
  { ttftMs, itlMs }: { readonly ttftMs: number; readonly itlMs: number },
): ReportPanel[] {
  const seconds = samples.map(({ atSeconds }) => atSeconds);
  const line = (
    name: string,
    pick: (sample: Sample) => number | undefined,
    style: ReportLine["style"] = "line",
  ): ReportLine => ({ name, style, seconds, values: samples.map(pick) });
  const sides = SIDES.filter((side) =>
    samples.some(({ wanted }) => wanted[side] !== undefined)
  );
  const perSide = (
    name: string,
    pick: (sample: Sample) => PerSide<number>,
  ) =>
    sides.map((side) =>
      line(`${side}${name}`, (sample) => pick(sample)[side], "step")
    );
  const hasPercentiles = samples.some((sample) =>
    sample.ttftP99Ms !== undefined
  );
  const latency = (
    title: string,
    targetMs: number,
    pick: (sample: Sample) => readonly [number | undefined, number | undefined],
  ): ReportPanel => ({
    title,
    unit: "ms",
    lines: [
      line("mean", (sample) => pick(sample)[0]),
      ...(hasPercentiles ? [line("p99", (sample) => pick(sample)[1])] : []),
      line("target", () => targetMs, "limit"),
    ],
  });
  return [
    {
      title: "Power",
      unit: "W",
      lines: [
        line("drawn", ({ drawWatts }) => drawWatts),
        line("sum of limits", ({ limitWatts }) => limitWatts, "step"),
        line("budget", () => budgetWatts, "limit"),
      ],
    },
    {
      title: "Output tokens a second",
      unit: "",
      lines: [
        line("asked for", (sample) => sample.askedTokensPerSecond),
        line("in time", (sample) => sample.inTimeTokensPerSecond),
      ],
    },
    {
      title: "Replicas",
      unit: "",
      lines: [
        ...perSide(" wanted", ({ wanted }) => wanted),
        ...perSide(" serving", ({ ready }) => ready),
      ],
    },
    ...(samples.some(({ capWatts }) => Object.keys(capWatts).length > 0)
      ? [{
        title: "Caps",
        unit: "W",
        lines: perSide("", ({ capWatts }) => capWatts),
      }]
      : []),
    latency("TTFT", ttftMs, (one) => [one.ttftMs, one.ttftP99Ms]),
    latency("ITL", itlMs, (one) => [one.itlMs, one.itlP99Ms]),
  ];
}
