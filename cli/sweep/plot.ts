/** A scatter of points in characters, for a terminal. @module */

/** One point, and the character that shows it. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  readonly mark?: string;
}

/** How a plot is labelled. */
export interface PlotLabels {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const WIDTH = 60;
const HEIGHT = 12;

/** Draws points over axes that begin at zero; an empty text without points. */
export function plot(
  points: readonly PlotPoint[],
  labels: PlotLabels,
): string {
  if (points.length === 0) return "";
  const mostX = niceTop(Math.max(...points.map(({ x }) => x)));
  const mostY = niceTop(Math.max(...points.map(({ y }) => y)));
  const grid = Array.from(
    { length: HEIGHT },
    () => new Array<string>(WIDTH).fill(" "),
  );
  // Marked points are drawn last, so that nothing covers them.
  const ordered = [...points].sort((a, b) =>
    Number(a.mark !== undefined) - Number(b.mark !== undefined)
  );
  for (const { x, y, mark = "●" } of ordered) {
    const column = Math.min(WIDTH - 1, Math.round(x / mostX * (WIDTH - 1)));
    const row = Math.min(HEIGHT - 1, Math.round(y / mostY * (HEIGHT - 1)));
    const line = grid[HEIGHT - 1 - row];
    if (line) line[column] = mark;
  }
  const top = short(mostY);
  const margin = Math.max(top.length, 1);
  const lines = grid.map((cells, index) => {
    const label = index === 0 ? top : index === HEIGHT - 1 ? "0" : "";
    return `${label.padStart(margin)} │${cells.join("").trimEnd()}`;
  });
  const axis = `${" ".repeat(margin)} └${"─".repeat(WIDTH)}`;
  const right = short(mostX);
  const ticks = `${" ".repeat(margin + 2)}0${right.padStart(WIDTH - 1)}`;
  return [
    `${labels.title}  (↑ ${labels.y}, → ${labels.x})`,
    ...lines,
    axis,
    ticks,
    "",
  ].join("\n");
}

/** The next of 1, 2, 2.5, 5 × 10ⁿ. */
function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const scale = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return (steps.find((step) => step * scale >= value) ?? 10) * scale;
}

function short(value: number): string {
  if (value >= 1e6) return `${trim(value / 1e6)}M`;
  return value >= 1e4 ? `${trim(value / 1e3)}k` : trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
