/** Plots in characters. @module */

import { ok, strictEqual } from "node:assert";
import { plot } from "../../../../cli/sweep/plot.ts";

const LABELS = { title: "T", x: "kW", y: "tokens/s" };

Deno.test("a plot without points is no plot", () => {
  strictEqual(plot([], LABELS), "");
});

Deno.test("the highest point is in the highest line, the axes begin at zero", () => {
  const lines = plot([{ x: 1, y: 10 }, { x: 5, y: 100 }], LABELS).split("\n");
  ok(lines[0]?.includes("tokens/s"));
  ok(lines[1]?.startsWith("100 │"));
  ok(lines[1]?.trimEnd().endsWith("●"));
  ok(lines.some((line) => line.trimStart().startsWith("0 │")));
});

Deno.test("a marked point covers what lies beneath", () => {
  const text = plot([
    { x: 2, y: 2, mark: "◆" },
    { x: 2, y: 2 },
  ], LABELS);
  ok(text.includes("◆"));
  ok(!text.includes("●"));
});

Deno.test("points at zero and beyond any round number stay inside", () => {
  const text = plot([
    { x: 0, y: 0 },
    { x: 123_456, y: 9.99e9 },
  ], LABELS);
  strictEqual(text.split("●").length - 1, 2);
});
