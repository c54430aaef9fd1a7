/** A plot from the keyboard: point by point, zoom in and out, everything again. @module */

import type uPlot from "uplot";

/** Share of the range that one press of plus leaves. */
const ZOOM = 0.6;

/** @returns whether the key meant something */
export function handlePlotKey(plot: uPlot, key: string): boolean {
  const xs = plot.data[0];
  const last = xs.length - 1;
  const at = typeof plot.cursor.idx === "number" ? plot.cursor.idx : undefined;
  switch (key) {
    case "ArrowRight":
      return move(plot, at === undefined ? 0 : Math.min(last, at + 1));
    case "ArrowLeft":
      return move(plot, at === undefined ? last : Math.max(0, at - 1));
    case "Home":
      return move(plot, 0);
    case "End":
      return move(plot, last);
    case "+":
    case "=":
      return zoom(plot, ZOOM);
    case "-":
      return zoom(plot, 1 / ZOOM);
    case "0":
    case "Escape":
      plot.setScale("x", wholeRange(plot));
      return true;
    default:
      return false;
  }
}

/** The range of all points, with the room that the plot was made with. */
export function wholeRange(
  plot: uPlot,
): { readonly min: number; readonly max: number } {
  const xs = plot.data[0];
  const [first = 0, last = 1] = [xs[0], xs.at(-1)];
  const room = (last - first) * 0.03 || 1;
  return { min: Math.max(0, first - room), max: last + room };
}

function move(plot: uPlot, index: number): true {
  const x = plot.data[0][index];
  if (x === undefined) return true;
  const { min = 0, max = 1 } = plot.scales["x"] ?? {};
  if (x < (min ?? 0) || x > (max ?? 1)) {
    const half = ((max ?? 1) - (min ?? 0)) / 2;
    plot.setScale("x", { min: x - half, max: x + half });
  }
  plot.setCursor({
    left: plot.valToPos(x, "x"),
    top: plot.bbox.height / devicePixelRatio / 2,
  });
  return true;
}

function zoom(plot: uPlot, by: number): true {
  const { min, max } = plot.scales["x"] ?? {};
  const whole = wholeRange(plot);
  const from = min ?? whole.min;
  const to = max ?? whole.max;
  const at = typeof plot.cursor.idx === "number"
    ? plot.data[0][plot.cursor.idx]
    : undefined;
  const centre = at ?? (from + to) / 2;
  const next = {
    min: Math.max(whole.min, centre - (centre - from) * by),
    max: Math.min(whole.max, centre + (to - centre) * by),
  };
  if (next.max > next.min) plot.setScale("x", next);
  return true;
}
