/** One panel as inline SVG under HTML labels: stretched to any width, its text never distorted. @module */

import { escaped, scriptJson } from "./escape.ts";
import type {
  ReportFault,
  ReportLine,
  ReportPanel,
  ReportRun,
} from "./data.ts";
import { ticksTo, timeTicks, topOf } from "./scale.ts";
import { type Points, thinned } from "./thin.ts";
import { timeText } from "./time_text.ts";

/** The picture's own units; both are stretched to what there is. */
const WIDTH = 1_000;
const HEIGHT = 200;
const MOST_POINTS = 300;
const COLORS = 6;

/** What a panel is drawn in. */
type Frame = Pick<ReportRun, "lengthSeconds" | "faults"> & {
  readonly startMs: number | undefined;
};

/** A panel of a run. */
export function plot(panel: ReportPanel, run: ReportRun): string {
  const frame = { ...run, startMs: run.startMs };
  const lines = panel.lines.map((line) => ({
    line,
    points: thinned(line, MOST_POINTS),
  }));
  const known = (wanted: boolean) =>
    lines.filter(({ line }) => (line.style === "limit") === wanted)
      .flatMap(({ points }) => points.values)
      .filter((value) => value !== null);
  const top = topOf(known(false), known(true));
  const ticks = ticksTo(top);
  const highest = ticks.at(-1) ?? 1;
  const peak = Math.max(0, ...known(false));
  return `<figure class="panel"><figcaption><b>${escaped(panel.title)}</b>${
    panel.unit === "" ? "" : `, ${escaped(panel.unit)}`
  }${
    peak > highest ? ` <small>peaks up to ${amount(peak)} are cut</small>` : ""
  }<span class="legend">${
    lines.map(({ line }, index) =>
      `<span class="${classOf(line, index)}"><i></i>${
        escaped(line.name)
      }</span>`
    ).join("")
  }</span></figcaption><div class="plot" tabindex="0">${
    ticks.map((tick) =>
      `<span class="y" style="bottom:${(100 * tick / highest).toFixed(2)}%">${
        amount(tick)
      }</span>`
    ).join("")
  }<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${
    escaped(`${panel.title} over time`)
  }">${faultsSvg(frame)}${
    ticks.map((tick) => {
      const y = HEIGHT * (1 - tick / highest);
      return `<line class="grid" x1="0" x2="${WIDTH}" y1="${y}" y2="${y}"/>`;
    }).join("")
  }${
    lines.map(({ line, points }, index) =>
      `<path class="${classOf(line, index)}" d="${
        pathOf(points, line.style, {
          lengthSeconds: run.lengthSeconds,
          highest,
        })
      }"/>`
    ).join("")
  }<line class="cursor" y1="0" y2="${HEIGHT}"/></svg><output></output>${
    timeAxis(frame)
  }</div><script type="application/json">${
    scriptJson({
      length: run.lengthSeconds,
      start: run.startMs ?? null,
      unit: panel.unit,
      lines: lines.map(({ line, points }) => ({
        name: line.name,
        step: line.style !== "line",
        seconds: points.seconds,
        values: points.values.map((value) =>
          value === null ? null : Number(value.toPrecision(4))
        ),
      })),
    })
  }</script></figure>`;
}

/** Shown values: whole from 100 up, with thousands apart. */
export function amount(value: number): string {
  const places = value === 0 || Math.abs(value) >= 100
    ? 0
    : Math.abs(value) >= 1
    ? 1
    : 3;
  const text = value.toFixed(places);
  const [whole = "", part = ""] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const trimmed = part.replace(/0+$/, "");
  return trimmed === "" ? grouped : `${grouped}.${trimmed}`;
}

function classOf({ style }: ReportLine, index: number): string {
  return style === "limit" ? "limit" : `c${index % COLORS}`;
}

function timeAxis({ lengthSeconds, startMs }: Frame): string {
  return timeTicks(lengthSeconds).map((tick) =>
    `<span class="x" style="left:${(100 * tick / lengthSeconds).toFixed(2)}%">${
      timeText(tick, startMs)
    }</span>`
  ).join("");
}

function faultsSvg({ faults, lengthSeconds }: Frame): string {
  const x = (seconds: number) =>
    Math.min(WIDTH, Math.max(0, WIDTH * seconds / lengthSeconds));
  return faults.map(({ fromSeconds, untilSeconds, title }: ReportFault) => {
    const left = x(fromSeconds);
    const width = Math.max(2, x(untilSeconds ?? fromSeconds) - left);
    return `<rect class="fault" x="${left.toFixed(1)}" y="0" width="${
      width.toFixed(1)
    }" height="${HEIGHT}"><title>${escaped(title)}</title></rect>`;
  }).join("");
}

function pathOf(
  { seconds, values }: Points,
  style: ReportLine["style"],
  { lengthSeconds, highest }: {
    readonly lengthSeconds: number;
    readonly highest: number;
  },
): string {
  let path = "";
  let lastY: string | undefined;
  for (let index = 0; index < seconds.length; index++) {
    const value = values[index] ?? null;
    if (value === null) {
      lastY = undefined;
      continue;
    }
    const x = (WIDTH * seconds[index]! / lengthSeconds).toFixed(1);
    const y = (HEIGHT * (1 - Math.min(1.1, value / highest))).toFixed(1);
    if (lastY === undefined) path += `M${x} ${y}`;
    else if (style === "line") path += `L${x} ${y}`;
    else path += `H${x}` + (y === lastY ? "" : `V${y}`);
    lastY = y;
  }
  return path;
}
