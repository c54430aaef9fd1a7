/** The demo: the planner in service, deterministic, within its columns, and its counts counted. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { demo } from "../../../../proof/demo.ts";
import type { Day, DayWindow } from "../../../../proof/demo/day.ts";
import { totalsOf } from "../../../../proof/demo/totals.ts";
import { decodeFirst } from "../../../../proof/policies/mod.ts";
import { dayOfTraffic } from "../../../../simulator/mod.ts";
import { modelOf } from "../../planner/stand_in.ts";

const DAY = { seed: 7, windowSeconds: 180, peakRequestsPerSecond: 12 };

/** Long enough for every policy to decide a few times. */
const HOURS = 2;

async function shown(color = false): Promise<string> {
  let text = "";
  const code = await demo((part) => text += part, { color, hours: HOURS });
  strictEqual(code, 0);
  return text;
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

Deno.test("the demo ends without violations, in 100 columns, the same every time", async () => {
  const text = await shown();
  strictEqual(await shown(), text);
  for (const line of text.split("\n")) ok([...line].length <= 100, line);
  ok(!text.includes("\x1b"));
  ok(/budget violations +0 of \d+ +0 of \d+ +0 of \d+/.test(text), text);
  for (
    const name of ["wattkeeper", "static clamp", "decode first", "uncapped"]
  ) ok(text.includes(name), name);
  ok(text.includes("00:00") && text.includes("01:00"));
});

Deno.test("colours only where they are wanted", async () => {
  ok((await shown(true)).includes("\x1b[32m"));
});

/** A window that served what it says. */
function window(change: Partial<DayWindow>): DayWindow {
  const some = {
    observed: { windowSeconds: 180 },
    decision: { reasons: [] },
    withinTargets: true,
    servedTokens: 100,
    demandedTokens: 120,
    joules: 50,
    limitWatts: 1000,
  };
  return { ...some, ...change } as DayWindow;
}

Deno.test("tokens count as in time only where the targets were met", () => {
  const day: Day = {
    windows: [
      window({}),
      window({ withinTargets: false, limitWatts: 3000 }),
    ],
    looks: 9,
    violations: 2,
  };
  const totals = totalsOf(day);
  strictEqual(totals.goodTokens, 100);
  strictEqual(totals.servedTokens, 200);
  strictEqual(totals.goodTokensPerJoule, 1);
  strictEqual(totals.highestLimitWatts, 3000);
  strictEqual(totals.violations, 2);
});

Deno.test("decode first gives decode all that fits beside the prefill floor", () => {
  const model = decodeFirst(modelOf({
    prefill: { requestsPerSecond: 2, drawWatts: 600 },
    decode: { requestsPerSecond: 4, drawWatts: 300 },
  }));
  const answer = model.searchFleet({
    mode: "disagg",
    islTokens: 3000,
    oslTokens: 150,
    ttftMs: 1000,
    itlMs: 50,
    coefficients: {
      powerPrefill: 1,
      powerDecode: 1,
      powerAgg: 1,
      ttft: 1,
      itl: 1,
    },
    demandRequestsPerSecond: undefined,
    budgetWatts: 3000,
    maxGpus: 64,
    floors: { prefill: 1, decode: 1 },
    ceilings: {},
    caps: { kind: "free" },
    objective: "throughput",
    maxThetaPrefill: undefined,
    maxThetaDecode: undefined,
  });
  strictEqual(answer.kind, "fleet");
  if (answer.kind !== "fleet") return;
  strictEqual(answer.best.sides.decode?.replicas, 8);
  strictEqual(answer.best.sides.prefill?.replicas, 1);
  ok(answer.best.watts <= 3000);
});
