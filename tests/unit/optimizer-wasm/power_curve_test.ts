/** Laws of the power curve (R17): one clock a phase, monotone, exact where nothing is capped. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BUILTIN_SYSTEMS,
  clockAtCap,
  declaredError,
  dynamicShare,
  lowestClock,
  phaseAtCap,
  phaseAtClock,
  type PhaseSums,
  type PowerCurve,
  powerCurveOf,
  REGULATION,
  slowdownOf,
} from "../../../optimizer-wasm/mod.ts";

const CURVES = Object.values(BUILTIN_SYSTEMS).map(powerCurveOf);

interface Kernel {
  readonly ms: number;
  readonly share: number;
  readonly watts: number;
}

function sumsOf(kernels: readonly Kernel[]): PhaseSums {
  const sum = (of: (kernel: Kernel) => number) =>
    kernels.reduce((total, kernel) => total + of(kernel), 0);
  return {
    totalMs: sum(({ ms }) => ms),
    clockMs: sum(({ ms, share }) => ms * share),
    energyWms: sum(({ ms, watts }) => ms * watts),
    clockEnergyWms: sum(({ ms, share, watts }) => ms * share * watts),
  };
}

const curves = fc.constantFrom(...CURVES);
const kernels = fc.array(
  fc.record({
    ms: fc.double({ min: 1e-3, max: 100, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    above: fc.double({ min: 0, max: 900, noNaN: true }),
  }),
  { minLength: 1, maxLength: 12 },
);
const phases = fc.tuple(curves, kernels).map(([curve, drawn]) => ({
  curve,
  kernels: drawn.map(({ ms, share, above }) => ({
    ms,
    share,
    watts: curve.staticWatts + above,
  })),
}));

function near(found: number, wanted: number, what: string): void {
  assert.ok(
    Math.abs(found - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)),
    `${what}: ${found} instead of ${wanted}`,
  );
}

Deno.test("four sums say what every operator by itself does at any clock", () => {
  fc.assert(
    fc.property(
      phases,
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      ({ curve, kernels }, clock) => {
        const found = phaseAtClock(sumsOf(kernels), curve, clock);
        let ms = 0;
        let energy = 0;
        for (const kernel of kernels) {
          const time = kernel.ms * slowdownOf(kernel.share, clock);
          ms += time;
          energy += time *
            (curve.staticWatts +
              (kernel.watts - curve.staticWatts) * dynamicShare(curve, clock));
        }
        near(found.latencyMs, ms, "latency");
        near(found.energyWms, energy, "energy");
      },
    ),
  );
});

Deno.test("a higher clock is never slower and never draws less", () => {
  fc.assert(
    fc.property(
      phases,
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      ({ curve, kernels }, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const slow = phaseAtClock(sumsOf(kernels), curve, low);
        const fast = phaseAtClock(sumsOf(kernels), curve, high);
        assert.ok(fast.latencyMs <= slow.latencyMs * (1 + 1e-12));
        assert.ok(fast.watts >= slow.watts * (1 - 1e-12));
      },
    ),
  );
});

Deno.test("a cap at or above the own draw changes nothing, to the last digit", () => {
  fc.assert(
    fc.property(
      phases,
      fc.double({ min: 0, max: 500, noNaN: true }),
      ({ curve, kernels }, more) => {
        const sums = sumsOf(kernels);
        const capped = phaseAtCap(
          sums,
          curve,
          sums.energyWms / sums.totalMs + more,
        );
        assert.equal(capped?.clock, 1);
        assert.equal(capped.latencyMs, sums.totalMs);
        assert.equal(capped.energyWms, sums.energyWms);
        assert.equal(capped.error, 0);
      },
    ),
  );
});

Deno.test("under a cap the mean draw keeps 97 % of it, at a clock that the device offers", () => {
  fc.assert(
    fc.property(
      phases,
      fc.double({ min: 0.3, max: 1, noNaN: true }),
      ({ curve, kernels }, ratio) => {
        const sums = sumsOf(kernels);
        const cap = ratio * sums.energyWms / sums.totalMs;
        const capped = phaseAtCap(sums, curve, cap);
        if (capped === undefined) {
          const least = phaseAtClock(sums, curve, lowestClock(curve));
          assert.ok(least.watts > cap * REGULATION);
          return;
        }
        if (capped.clock === 1) return;
        assert.ok(capped.watts <= cap * REGULATION * (1 + 1e-9));
        const steps = capped.clock * curve.maxClockMhz / curve.clockStepMhz;
        assert.ok(
          Math.abs(steps - Math.round(steps)) < 1e-6 ||
            capped.clock === lowestClock(curve),
        );
        // The next step up would draw more than the cap allows.
        const next = capped.clock + curve.clockStepMhz / curve.maxClockMhz;
        if (next < 1) {
          const above = phaseAtClock(sums, curve, next);
          assert.ok(above.watts >= cap * REGULATION * (1 - 1e-9));
        }
      },
    ),
  );
});

Deno.test("a lower cap is never faster, and never declared more certain", () => {
  fc.assert(
    fc.property(
      phases,
      fc.double({ min: 0.3, max: 1.2, noNaN: true }),
      fc.double({ min: 0.3, max: 1.2, noNaN: true }),
      ({ curve, kernels }, one, other) => {
        const sums = sumsOf(kernels);
        const own = sums.energyWms / sums.totalMs;
        const high = phaseAtCap(sums, curve, own * Math.max(one, other));
        const low = phaseAtCap(sums, curve, own * Math.min(one, other));
        if (low === undefined) return;
        assert.ok(high !== undefined);
        assert.ok(high.latencyMs <= low.latencyMs);
        assert.ok(high.error <= low.error);
      },
    ),
  );
});

Deno.test("hungry kernels slow their phase's others: one clock for all", () => {
  const curve = powerCurveOf({
    name: "h200_sxm",
    smVersion: 90,
    tdpWatts: 700,
  });
  const hungry = { ms: 9, share: 0.9, watts: 690 };
  const modest = { ms: 1, share: 0.9, watts: 200 };
  const cap = 450;
  assert.equal(clockAtCap(sumsOf([modest]), curve, cap), 1);
  const together = clockAtCap(sumsOf([hungry, modest]), curve, cap) ?? 1;
  const alone = clockAtCap(sumsOf([hungry]), curve, cap) ?? 1;
  assert.ok(together < 1);
  // The modest one leaves the phase some room.
  assert.ok(together > alone);
});

Deno.test("the declared error is that of the band of cap ÷ own draw", () => {
  const curve: PowerCurve = { ...CURVES[0]!, errors: [0.04, 0.1, 0.2, 0.4] };
  const bands = [1, 0.99, 0.8, 0.79, 0.6, 0.45, 0.44].map((ratio) =>
    declaredError(curve, ratio)
  );
  assert.deepEqual(bands, [0, 0.04, 0.04, 0.1, 0.1, 0.2, 0.4]);
});

Deno.test("an empty phase runs at full clock", () => {
  const nothing = sumsOf([]);
  assert.deepEqual(phaseAtCap(nothing, CURVES[0]!, 1), {
    clock: 1,
    latencyMs: 0,
    energyWms: 0,
    watts: 0,
    error: 0,
  });
});
