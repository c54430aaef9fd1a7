/** The power curve against published sweeps (`power-curves.md` §2, §3): the fit is as good as the document says. @module */

import assert from "node:assert/strict";
import {
  dynamicShare,
  phaseAtCap,
  type PowerCurve,
  powerCurveOf,
  REGULATION,
  slowdownOf,
} from "../../../optimizer-wasm/mod.ts";
import {
  B300,
  CAP_SWEEPS,
  type CapSweep,
  CLOCK_SWEEPS,
} from "./power_sweeps.ts";

const HOPPER = powerCurveOf({
  name: "h100_sxm",
  smVersion: 90,
  tdpWatts: 700,
});
const WORKSTATION = powerCurveOf({
  name: "rtx_pro_6000",
  smVersion: 120,
  tdpWatts: 600,
});
const BLACKWELL = powerCurveOf({
  name: "b300_sxm",
  smVersion: 103,
  tdpWatts: 1100,
});
const AMPERE = powerCurveOf({
  name: "a100_sxm",
  smVersion: 80,
  tdpWatts: 400,
});

const rms = (errors: readonly number[]) =>
  Math.sqrt(errors.reduce((sum, it) => sum + it * it, 0) / errors.length);
const range = (from: number, to: number, step: number) =>
  Array.from(
    { length: Math.round((to - from) / step) + 1 },
    (_, index) => from + index * step,
  );

/** Fine clocks: sweeps are judged without the device's steps and without the reserve for regulation. */
function slowdownAt(
  curve: PowerCurve,
  { cap, draw, share }: { cap: number; draw: number; share: number },
): number | undefined {
  return phaseAtCap(
    {
      totalMs: 1,
      clockMs: share,
      energyWms: draw,
      clockEnergyWms: share * draw,
    },
    { ...curve, clockStepMhz: 1e-3, minClockMhz: 1 },
    cap / REGULATION,
  )?.latencyMs;
}

for (const { name, source, maxMhz, points, computeShare } of CLOCK_SWEEPS) {
  Deno.test(`time over clock: ${name} (${source}) within 3.3 % rms, 6.2 % at worst`, () => {
    const errors = points.map(([mhz, , time]) =>
      slowdownOf(computeShare, mhz / maxMhz) / time - 1
    );
    assert.ok(rms(errors) <= 0.034, `rms ${rms(errors)}`);
    assert.ok(Math.max(...errors.map(Math.abs)) <= 0.063);
  });

  Deno.test(`draw over clock: ${name}: a voltage with a floor fits to 3 %, no power law does better than 2.2 %`, () => {
    const own = points.at(-1)?.[1] ?? 0;
    const off = (share: (x: number) => number, staticWatts: number) =>
      rms(
        points.map(([mhz, watts]) =>
          (staticWatts + (own - staticWatts) * share(mhz / maxMhz)) / watts - 1
        ),
      );
    let knee = Infinity;
    let power = Infinity;
    for (const staticWatts of range(40, 120, 2)) {
      for (const vmin of range(0.5, 1, 0.02)) {
        for (const slope of range(0, 3, 0.1)) {
          knee = Math.min(
            knee,
            off((x) => dynamicShare({ vmin, slope }, x), staticWatts),
          );
        }
      }
      for (const exponent of range(1, 6, 0.05)) {
        power = Math.min(power, off((x) => x ** exponent, staticWatts));
      }
    }
    assert.ok(knee <= 0.03, `knee ${knee}`);
    assert.ok(power >= 0.021, `power law ${power}`);
    assert.ok(knee < power);
  });
}

Deno.test("the A100's default curve draws what AMBER drew at every clock, within 5 %", () => {
  const sweep = CLOCK_SWEEPS[1];
  const own = sweep?.points.at(-1)?.[1] ?? 0;
  for (const [mhz, watts] of sweep?.points ?? []) {
    const found = AMPERE.staticWatts +
      (own - AMPERE.staticWatts) *
        dynamicShare(AMPERE, mhz / (sweep?.maxMhz ?? 1));
    assert.ok(Math.abs(found / watts - 1) <= 0.05, `${mhz} MHz: ${found} W`);
  }
});

function curveOf({ curve }: CapSweep, draw: number): PowerCurve {
  if (curve === "hopper") return HOPPER;
  // "3090: .85, 1.8, P0 ≈ .32 Pu".
  return curve === "workstation"
    ? WORKSTATION
    : { ...AMPERE, vmin: 0.85, slope: 1.8, staticWatts: 0.32 * draw };
}

/** Best c and own draw of a sweep, over the points that `takes` says. */
function fitted(
  sweep: CapSweep,
  takes: (ratio: number) => boolean,
): { share: number; draw: number; error: number } {
  const [least, most] = sweep.drawWatts;
  let best = { share: 0, draw: most, error: Infinity };
  for (const draw of range(least, most, Math.max(1, (most - least) / 70))) {
    const points = sweep.points.filter(([cap]) => takes(cap / draw));
    if (points.length === 0) continue;
    for (const share of range(0.1, 1.2, 0.01)) {
      const errors = points.map(([cap, time]) =>
        (slowdownAt(curveOf(sweep, draw), { cap, draw, share }) ?? Infinity) /
          time - 1
      );
      const error = rms(errors);
      if (error < best.error) best = { share, draw, error };
    }
  }
  return best;
}

for (const sweep of CAP_SWEEPS) {
  Deno.test(`cap sweep: ${sweep.name} (${sweep.source}) within ${100 * sweep.rms} % rms`, () => {
    const { error, share } = fitted(sweep, () => true);
    assert.ok(error <= sweep.rms, `rms ${error}, c ${share}`);
  });

  Deno.test(`live routine: ${sweep.name}: c from caps above 0.7 of the draw foretells lower ones within 12, 21, 31 %`, () => {
    const draw = fitted(sweep, () => true).draw;
    const known = { ...sweep, drawWatts: [draw, draw] as const };
    const { share } = fitted(known, (ratio) => ratio >= 0.7);
    for (const [cap, time] of sweep.points) {
      const ratio = cap / draw;
      if (ratio >= 0.7 || ratio < 0.3) continue;
      const found = slowdownAt(curveOf(sweep, draw), { cap, draw, share });
      const error = Math.abs((found ?? Infinity) / time - 1);
      const allowed = ratio >= 0.6 ? 0.12 : ratio >= 0.45 ? 0.21 : 0.31;
      assert.ok(error <= allowed, `${cap}: ${error}`);
    }
  });
}

for (const [draw, cap, modelled, measured] of B300) {
  Deno.test(`B300, own draw ${draw} W, at ${cap} W: ${modelled}, measured ${measured}`, () => {
    const found = slowdownAt(BLACKWELL, { cap, draw, share: 1 }) ?? 0;
    assert.ok(Math.abs(found - modelled) <= 0.02, `${found}`);
    const ratio = cap / draw;
    const declared = BLACKWELL
      .errors[ratio >= 0.8 ? 0 : ratio >= 0.6 ? 1 : ratio >= 0.45 ? 2 : 3];
    assert.ok(Math.abs(found / measured - 1) <= (declared ?? 0));
  });
}
