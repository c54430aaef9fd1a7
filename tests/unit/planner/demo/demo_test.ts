/** The demo: deterministic, quick, within its columns, and its counts counted. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { demo } from "../../../../planner/demo.ts";
import { type DayWindow, runDay } from "../../../../planner/demo/day_run.ts";
import { totalsOf } from "../../../../planner/demo/totals.ts";
import { dayOfTraffic, serveWindow } from "../../../../simulator/mod.ts";
import { configOf, modelOf, OPTIMIZER } from "../stand_in.ts";

const MODEL = modelOf({
  prefill: { requestsPerSecond: 2, drawWatts: 600 },
  decode: { requestsPerSecond: 4, drawWatts: 300 },
});
const CONFIG = configOf(
  `max_gpu_budget: 64\ntotal_gpu_power_limit: 4000${OPTIMIZER}`,
);
const DAY = { seed: 7, windowSeconds: 180, peakRequestsPerSecond: 12 };
const LIMITS = { budgetWatts: 4000, maxGpus: 64, windowSeconds: 180 };

function run(): DayWindow[] {
  return [...runDay({
    config: CONFIG,
    model: MODEL,
    traffic: dayOfTraffic(DAY),
    idleWatts: 110,
  })];
}

Deno.test("a day has its shape: night below lunch, lunch below both peaks", () => {
  const day = dayOfTraffic(DAY);
  const mean = (from: number, to: number) => {
    const windows = day.filter(({ atSeconds }) =>
      atSeconds >= from * 3600 && atSeconds < to * 3600
    );
    return windows.reduce((sum, { requests }) => sum + requests, 0) /
      windows.length;
  };
  strictEqual(day.length, 481);
  ok(mean(2, 5) < mean(12, 14));
  ok(mean(12, 14) < mean(9, 11));
  ok(mean(12, 14) < mean(19, 21));
});

Deno.test("the same seed is the same day, another seed another one", () => {
  deepStrictEqual(dayOfTraffic(DAY), dayOfTraffic(DAY));
  ok(
    JSON.stringify(dayOfTraffic(DAY)) !==
      JSON.stringify(dayOfTraffic({ ...DAY, seed: 8 })),
  );
});

Deno.test("a fleet serves what its weakest side can, and idles at its idle draw", () => {
  const side = { gpus: 2, busyWatts: 600, idleWatts: 100 };
  const sides = [
    { ...side, requestsPerSecond: 4 },
    { ...side, requestsPerSecond: 1 },
  ];
  strictEqual(serveWindow(500, 100, sides).servedRequests, 100);
  strictEqual(serveWindow(0, 100, sides).joules, 4 * 100 * 100);
  // The first side is busy a quarter of the time, the second all of it.
  strictEqual(
    serveWindow(500, 100, sides).joules,
    2 * 225 * 100 + 2 * 600 * 100,
  );
});

Deno.test("a day never passes the budget and serves no more than what came", () => {
  const windows = run();
  const totals = totalsOf(windows, LIMITS);
  strictEqual(totals.violations, 0);
  strictEqual(totals.windows, 480);
  ok(totals.servedTokens <= totals.demandedTokens);
  ok(totals.boundHours > 0, "the budget must bite");
});

Deno.test("violations are counted from the targets: a lower limit afterwards finds them", () => {
  const windows = run();
  const most = Math.max(...windows.map(({ capWatts }) => capWatts));
  ok(totalsOf(windows, { ...LIMITS, budgetWatts: most - 1 }).violations > 0);
  ok(totalsOf(windows, { ...LIMITS, maxGpus: 1 }).violations > 0);
});

Deno.test("the demo ends without violations, in 100 columns, the same every time", async () => {
  const texts: string[] = [];
  for (let round = 0; round < 2; round++) {
    let text = "";
    strictEqual(await demo((part) => text += part, false), 0);
    texts.push(text);
  }
  const [text = "", again] = texts;
  strictEqual(text, again);
  for (const line of text.split("\n")) ok([...line].length <= 100, line);
  ok(!text.includes("\x1b"));
  ok(/budget violations +0 of 480 +0 of 480/.test(text), text);
  ok(text.includes("00:00") && text.includes("23:00"));
});

Deno.test("colours only where they are wanted", async () => {
  let text = "";
  await demo((part) => text += part, true);
  ok(text.includes("\x1b[32m"));
});
