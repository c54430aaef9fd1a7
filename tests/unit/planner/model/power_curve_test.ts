/** The power curve against the table of `power-curves.md` §3 and its own laws. @module */

import { ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { powerCurveOf } from "../../../../optimizer-wasm/mod.ts";
import { gpuWattsOf, slowdownAt } from "../../../../planner/model/mod.ts";

const A100 = powerCurveOf({ name: "a100_sxm", smVersion: 80, tdpWatts: 400 });
const H100 = powerCurveOf({ name: "h100_sxm", smVersion: 90, tdpWatts: 700 });
const B200 = powerCurveOf({ name: "b200_sxm", smVersion: 100, tdpWatts: 1000 });

/** Predicted slowdown at default parameters, c = 0.90 and c = 0.45. */
const TABLE: readonly [
  ratio: number,
  a100: readonly [number, number],
  h100: readonly [number, number],
  b200: readonly [number, number],
][] = [
  [0.9, [1.03, 1.02], [1.04, 1.02], [1.05, 1.03]],
  [0.8, [1.08, 1.04], [1.09, 1.04], [1.12, 1.06]],
  [0.7, [1.13, 1.06], [1.15, 1.08], [1.20, 1.10]],
  [0.6, [1.19, 1.10], [1.23, 1.11], [1.31, 1.16]],
];

for (const [ratio, a100, h100, b200] of TABLE) {
  Deno.test(`at ${ratio} of the own draw: ${a100} on A100, ${h100} on H100, ${b200} on B200`, () => {
    const cases = [
      [A100, 400, a100],
      [H100, 700, h100],
      [B200, 1000, b200],
    ] as const;
    for (const [parameters, drawWatts, wanted] of cases) {
      for (const [index, computeShare] of [0.9, 0.45].entries()) {
        const found = slowdownAt({
          // The table has no regulation margin; the model keeps 3 %.
          capWatts: drawWatts * ratio / 0.97,
          drawWatts,
          computeShare,
          parameters,
        })?.nominal ?? 0;
        ok(
          Math.abs(found - (wanted[index] ?? 0)) <= 0.02,
          `${found} for ${drawWatts} W`,
        );
      }
    }
  });
}

Deno.test("a cap at or above the own draw costs nothing", () => {
  for (const capWatts of [300, 301, 700]) {
    strictEqual(
      slowdownAt({
        capWatts,
        drawWatts: 300,
        computeShare: 0.9,
        parameters: H100,
      })?.pessimistic,
      1,
    );
  }
});

Deno.test("a cap near the static draw is unreachable", () => {
  strictEqual(
    slowdownAt({
      capWatts: 85,
      drawWatts: 600,
      computeShare: 0.9,
      parameters: H100,
    }),
    undefined,
  );
});

Deno.test("slowdown is at least 1 and never falls with a lower cap", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(A100, H100, B200),
      fc.double({ min: 250, max: 1000, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.double({ min: 0.3, max: 1.2, noNaN: true }), {
        minLength: 2,
        maxLength: 6,
      }),
      (parameters, drawWatts, computeShare, ratios) => {
        let before = 1;
        for (const ratio of ratios.sort((a, b) => b - a)) {
          const found = slowdownAt({
            capWatts: drawWatts * ratio,
            drawWatts,
            computeShare,
            parameters,
          });
          if (!found) return;
          ok(found.nominal >= before - 1e-9);
          ok(found.pessimistic >= found.nominal);
          before = found.nominal;
        }
      },
    ),
  );
});

Deno.test("the range of a cap is the SKU's, or cautious when the SKU is not known", () => {
  strictEqual(gpuWattsOf({ name: "h200_sxm", tdpWatts: 700 }).minWatts, 200);
  strictEqual(gpuWattsOf({ name: "other", tdpWatts: 1000 }).minWatts, 500);
});
