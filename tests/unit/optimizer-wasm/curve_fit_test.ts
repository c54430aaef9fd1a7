/** `data fit --from-live` (R17): live points of a known truth give that truth back; what they do not say is said. @module */

import assert from "node:assert/strict";
import {
  curveFile,
  fitCurve,
  type LivePoint,
  parseCurveFile,
  parseLivePoint,
} from "../../../optimizer-wasm/curve_fit/mod.ts";
import {
  clockAtCap,
  dynamicShare,
  lowestClock,
  type PowerCurve,
  powerCurveOf,
  slowdownOf,
} from "../../../optimizer-wasm/mod.ts";
import { CLOCK_SWEEPS } from "./power_sweeps.ts";

const START = powerCurveOf({
  name: "h200_sxm",
  smVersion: 90,
  tdpWatts: 700,
});

/** A GPU whose curve differs from its generation's. */
const TRUTH: PowerCurve = {
  ...START,
  vmin: 0.76,
  slope: 1.1,
  staticWatts: 95,
};

interface Work {
  readonly phase: string;
  readonly drawWatts: number;
  readonly share: number;
  readonly ms: number;
}

const PREFILL: Work = {
  phase: "prefill",
  drawWatts: 660,
  share: 0.85,
  ms: 400,
};
const DECODE: Work = { phase: "decode", drawWatts: 420, share: 0.35, ms: 22 };

/** What a GPU with the truth's curve reports; `binding` is the share of a window that the cap bound. */
function observed(
  { phase, drawWatts, share, ms }: Work,
  capWatts: number,
  { clocks = true, binding = 1 } = {},
): LivePoint {
  const sums = {
    totalMs: 1,
    clockMs: 1,
    energyWms: drawWatts,
    clockEnergyWms: drawWatts,
  };
  const clock = clockAtCap(sums, TRUTH, capWatts) ?? lowestClock(TRUTH);
  const bound = clock < 1;
  const part = (full: number, capped: number) =>
    bound ? full + binding * (capped - full) : full;
  return {
    system: "h200_sxm",
    phase,
    capWatts,
    drawWatts: part(
      drawWatts,
      TRUTH.staticWatts +
        (drawWatts - TRUTH.staticWatts) * dynamicShare(TRUTH, clock),
    ),
    latencyMs: part(ms, ms * slowdownOf(share, clock)),
    throttleShare: bound ? binding : 0,
    ...(clocks ? { smClockMhz: part(1800, 1800 * clock) } : {}),
  };
}

const CAPS = [700, 600, 560, 500, 450, 400, 340, 280, 230];
const IDLE: LivePoint = {
  system: "h200_sxm",
  phase: "idle",
  capWatts: 700,
  drawWatts: TRUTH.staticWatts,
  latencyMs: 1,
  throttleShare: 0,
};

function shareOf(points: readonly LivePoint[], phase: string): number {
  return fitCurve(points, START).phases.find((it) => it.phase === phase)
    ?.computeShare ?? NaN;
}

Deno.test("clocks and draws on both sides of the knee give voltage, c and static draw back", () => {
  const points = [
    IDLE,
    ...[PREFILL, DECODE].flatMap((work) =>
      CAPS.map((cap) => observed(work, cap))
    ),
  ];
  const { curve, phases, findings } = fitCurve(points, START);
  assert.deepEqual(findings, []);
  assert.ok(Math.abs(curve.vmin - TRUTH.vmin) <= 0.011, `vmin ${curve.vmin}`);
  assert.ok(Math.abs(curve.slope - TRUTH.slope) <= 0.06, `s ${curve.slope}`);
  assert.equal(curve.staticWatts, TRUTH.staticWatts);
  const [prefill, decode] = phases;
  assert.ok(Math.abs((prefill?.computeShare ?? 0) - 0.85) < 1e-6);
  assert.ok(Math.abs((decode?.computeShare ?? 0) - 0.35) < 1e-6);
  assert.equal(prefill?.drawWatts, 660);
  // A truth that the model can say is declared as sure as anything is.
  assert.equal(curve.errors[0], 0.02);
});

Deno.test("a cap that binds a quarter of the time is not taken for a mild one", () => {
  const points = [
    IDLE,
    ...CAPS.map((cap) => observed(PREFILL, cap, { binding: 0.25 })),
  ];
  assert.ok(Math.abs(shareOf(points, "prefill") - 0.85) < 1e-6);
});

Deno.test("without clocks c comes from caps above 0.7 of the own draw, through the generation's curve", () => {
  const points = CAPS.map((cap) => observed(PREFILL, cap, { clocks: false }));
  const found = fitCurve(points, START);
  assert.equal(found.curve.vmin, START.vmin);
  assert.match(found.findings.join(), /voltage: 0 points/);
  assert.ok(Math.abs(shareOf(points, "prefill") - 0.85) < 0.25);
});

Deno.test("points on one side of the knee leave the voltage as it was", () => {
  const points = [700, 640, 630, 620].map((cap) => observed(PREFILL, cap));
  const { curve, findings } = fitCurve(points, START);
  assert.equal(curve.slope, START.slope);
  assert.match(findings.join(), /one side of the knee|3 are needed/);
});

Deno.test("a phase that was always capped has only a lower bound and is left out", () => {
  const { phases, findings } = fitCurve(
    [400, 500].map((cap) => observed(PREFILL, cap)),
    START,
  );
  assert.deepEqual(phases, []);
  assert.match(findings.join(), /prefill: every window was capped/);
});

Deno.test("bands without points keep the generation's declared error", () => {
  const points = [700, 600, 560].map((cap) => observed(PREFILL, cap));
  const { errors } = fitCurve(points, START).curve;
  assert.deepEqual(errors.slice(1), START.errors.slice(1));
});

Deno.test("locked clocks of a published sweep give the document's c", () => {
  for (const { points, maxMhz, computeShare, name } of CLOCK_SWEEPS) {
    const live = points.map(([mhz, watts, time]): LivePoint => ({
      system: "h200_sxm",
      phase: "decode",
      capWatts: 700,
      drawWatts: watts,
      latencyMs: time,
      throttleShare: mhz === maxMhz ? 0 : 1,
      smClockMhz: mhz,
    }));
    const found = shareOf(live, "decode");
    assert.ok(Math.abs(found - computeShare) <= 0.03, `${name}: ${found}`);
  }
});

Deno.test("a curve file is read as it was written", () => {
  const fitted = {
    system: "h200_sxm",
    ...fitCurve([IDLE, ...CAPS.map((cap) => observed(DECODE, cap))], START),
  };
  const read = parseCurveFile(JSON.stringify(curveFile([fitted])), "a file")
    .get("h200_sxm");
  assert.deepEqual(read?.curve, fitted.curve);
  assert.equal(read?.computeShares["decode"], fitted.phases[0]?.computeShare);
});

for (
  const [line, found] of [
    ["{", /it is not JSON/],
    ["[]", /expected object/i],
    ['{"system":"h200_sxm"}', /phase/],
    [
      '{"system":"a","phase":"p","cap_watts":-1,"draw_watts":1,"latency_ms":1,"throttle_share":0}',
      /cap_watts/,
    ],
    [
      '{"system":"a","phase":"p","cap_watts":1,"draw_watts":1,"latency_ms":1,"throttle_share":2}',
      /throttle_share/,
    ],
    [
      '{"system":"a","phase":"p","cap_watts":1,"draw_watts":1,"latency_ms":1,"throttle_share":0,"watts":3}',
      /watts/,
    ],
  ] as const
) {
  Deno.test(`a live point refuses ${line.slice(0, 60)}`, () => {
    assert.throws(() => parseLivePoint(line, 7), {
      code: "invalid_file",
      message: found,
      where: "line 7",
    });
  });
}

for (const text of ["", "{}", '{"format_version":2,"curves":[]}']) {
  Deno.test(`a curve file refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCurveFile(text, "curves.json"), {
      code: "invalid_file",
      where: "curves.json",
    });
  });
}
