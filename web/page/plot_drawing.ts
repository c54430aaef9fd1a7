/** Draws a plot with uPlot, and as an image to take away. @module */

import uPlot from "uplot";
import { number } from "./format.ts";
import { wholeRange } from "./plot_keys.ts";
import { colors } from "./theme.ts";

/** One line of a plot; points are null where it has none. */
export interface PlotSeries {
  readonly label: string;
  readonly color: "prefill" | "decode" | "workers" | "accent" | "soft";
  readonly values: readonly (number | null)[];
  readonly axis?: "y" | "right";
  readonly dashed?: boolean;
  /** Pixels; a wide line shows below one that covers it. */
  readonly width?: number;
  readonly points?: boolean;
  /** Holds from its point to the next one. */
  readonly step?: boolean;
  /** Ends of the interval around it. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

/** A vertical line with its word. */
export interface PlotMark {
  readonly x: number;
  readonly text: string;
  readonly strong?: boolean;
}

/** What is drawn. */
export interface PlotModel {
  readonly xs: readonly number[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly rightLabel?: string;
  readonly series: readonly PlotSeries[];
  readonly marks?: readonly PlotMark[];
  /** Shaded stretch of the x axis: what lies there is not measured, or not possible. */
  readonly shaded?: { readonly from: number; readonly to: number };
  /** A point that stands for the plan. */
  readonly here?: { readonly x: number; readonly y: number };
  /** Said while nothing is hovered. */
  readonly hint: string;
  readonly yFromZero?: boolean;
}

/** A sum over the time up to a point is drawn up to it. */
const STEPPED = uPlot.paths.stepped?.({ align: -1 });

const FONT = '11px system-ui, -apple-system, "Segoe UI", sans-serif';

/**
 * Draws.
 *
 * @param hover told the index under the cursor, or undefined
 * @param chosen place on the x axis that a person chose, asked at every drawing
 */
export function drawPlot(
  model: PlotModel,
  target: HTMLElement,
  { hover, chosen }: {
    readonly hover: (index: number | undefined) => void;
    readonly chosen: () => number | undefined;
  },
): uPlot {
  const paint = colors();
  const bands: uPlot.Band[] = [];
  const data: (readonly (number | null)[])[] = [model.xs as number[]];
  const series: uPlot.Series[] = [{}];
  for (const one of model.series) {
    const color = paint[one.color];
    if (one.low && one.high) {
      const index = series.length;
      data.push(one.high, one.low);
      const edge = {
        scale: one.axis ?? "y",
        stroke: "transparent",
        points: { show: false },
        spanGaps: true,
      };
      series.push(edge, edge);
      bands.push({ series: [index, index + 1], fill: translucent(color) });
    }
    data.push(one.values);
    series.push({
      label: one.label,
      scale: one.axis ?? "y",
      stroke: color,
      width: one.width ?? 1.75,
      spanGaps: true,
      ...(one.dashed ? { dash: [5, 4] } : {}),
      ...(one.step && STEPPED ? { paths: STEPPED } : {}),
      points: {
        show: one.points ?? false,
        size: 5,
        fill: paint.surface,
        stroke: color,
      },
    });
  }
  const axis = (more: Partial<uPlot.Axis>): uPlot.Axis => ({
    stroke: paint.soft,
    font: FONT,
    labelFont: FONT,
    labelSize: 18,
    gap: 4,
    grid: { stroke: paint.rule, width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map(tick),
    ...more,
  });
  const plot = new uPlot(
    {
      width: Math.max(120, target.clientWidth),
      height: Math.max(120, target.clientHeight),
      legend: { show: false },
      padding: [model.marks?.length ? 18 : 8, model.rightLabel ? 0 : 14, 0, 0],
      cursor: {
        drag: { x: true, y: false, setScale: true },
        points: { size: 7 },
        y: false,
      },
      scales: {
        x: { time: false, range: (self, min, max) => rangeOf(self, min, max) },
        y: {
          range: (_, min, max) => spread(min, max, model.yFromZero ?? true),
        },
        ...(model.rightLabel
          ? {
            right: {
              range: (_: uPlot, min: number, max: number) =>
                spread(min, max, true),
            },
          }
          : {}),
      },
      axes: [
        axis({ label: model.xLabel, size: 30, space: 60 }),
        axis({ label: model.yLabel, size: 52 }),
        ...(model.rightLabel
          ? [
            axis({
              label: model.rightLabel,
              scale: "right",
              side: 1,
              size: 46,
              grid: { show: false },
            }),
          ]
          : []),
      ],
      series,
      bands,
      hooks: {
        setCursor: [
          (self) =>
            hover(
              typeof self.cursor.idx === "number" ? self.cursor.idx : undefined,
            ),
        ],
        drawClear: [(self) => shade(self, model, paint)],
        draw: [
          (self) => annotate(self, model, paint),
          (self) => markChosen(self, chosen(), paint),
        ],
      },
    },
    data as uPlot.AlignedData,
    target,
  );
  return plot;
}

/** All points with a little room, unless a person zoomed. */
function rangeOf(plot: uPlot, min: number, max: number): uPlot.Range.MinMax {
  const xs = plot.data[0];
  if (min === xs[0] && max === xs.at(-1)) {
    const whole = wholeRange(plot);
    return [whole.min, whole.max];
  }
  return [min, max];
}

function spread(
  min: number | null,
  max: number | null,
  fromZero: boolean,
): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const low = fromZero ? 0 : min;
  const room = (max - low) * 0.08 || 1;
  return [fromZero ? 0 : Math.max(0, low - room), max + room];
}

function tick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${number(value / 1e6, value % 1e6 === 0 ? 0 : 1)}M`;
  if (size >= 1e4) return `${number(value / 1e3, value % 1e3 === 0 ? 0 : 1)}k`;
  if (Number.isInteger(value)) return number(value);
  return number(value, size < 1 ? 2 : 1);
}

function translucent(color: string): string {
  return color.startsWith("#") && color.length === 7 ? `${color}22` : color;
}

function shade(
  plot: uPlot,
  { shaded }: PlotModel,
  paint: ReturnType<typeof colors>,
): void {
  if (!shaded) return;
  const { ctx, bbox } = plot;
  const place = (x: number) =>
    Math.min(
      bbox.left + bbox.width,
      Math.max(bbox.left, plot.valToPos(x, "x", true)),
    );
  const [from, to] = [place(shaded.from), place(shaded.to)];
  if (to <= from) return;
  ctx.save();
  ctx.fillStyle = paint.rule;
  ctx.globalAlpha = 0.45;
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.restore();
}

function annotate(
  plot: uPlot,
  { marks = [], here }: PlotModel,
  paint: ReturnType<typeof colors>,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  ctx.textBaseline = "bottom";
  let taken = -Infinity;
  for (const { x, text, strong } of [...marks].sort((a, b) => a.x - b.x)) {
    const at = plot.valToPos(x, "x", true);
    if (at < bbox.left - 1 || at > bbox.left + bbox.width + 1) continue;
    ctx.strokeStyle = strong ? paint.ink : paint.soft;
    ctx.lineWidth = ratio;
    ctx.setLineDash(strong ? [] : [3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    const width = ctx.measureText(text).width;
    const left = Math.min(
      bbox.left + bbox.width - width,
      Math.max(bbox.left, at - width / 2),
    );
    if (left < taken + 4 * ratio) continue;
    ctx.fillStyle = strong ? paint.ink : paint.soft;
    ctx.fillText(text, left, bbox.top - 3 * ratio);
    taken = left + width;
  }
  if (here) {
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.arc(
      plot.valToPos(here.x, "x", true),
      plot.valToPos(here.y, "y", true),
      5 * ratio,
      0,
      2 * Math.PI,
    );
    ctx.fillStyle = paint.ink;
    ctx.fill();
    ctx.lineWidth = 2 * ratio;
    ctx.strokeStyle = paint.surface;
    ctx.stroke();
  }
  ctx.restore();
}

function markChosen(
  plot: uPlot,
  x: number | undefined,
  paint: ReturnType<typeof colors>,
): void {
  if (x === undefined) return;
  const { ctx, bbox } = plot;
  const at = plot.valToPos(x, "x", true);
  if (at < bbox.left - 1 || at > bbox.left + bbox.width + 1) return;
  ctx.save();
  ctx.strokeStyle = paint.ink;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** The plot with its title on the page's own ground. */
export function plotImage(plot: uPlot, title: string): Promise<Blob> {
  const paint = colors();
  const source = plot.ctx.canvas;
  const head = 36 * devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + head;
  const context = canvas.getContext("2d");
  if (!context) {
    return Promise.reject(new Error("This browser draws no images."));
  }
  context.fillStyle = paint.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = paint.ink;
  context.font = FONT.replace("11px", `600 ${14 * devicePixelRatio}px`);
  context.fillText(title, 12 * devicePixelRatio, 24 * devicePixelRatio);
  context.drawImage(source, 0, head);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => blob ? resolve(blob) : reject(new Error("No image was made.")),
      "image/png",
    )
  );
}
