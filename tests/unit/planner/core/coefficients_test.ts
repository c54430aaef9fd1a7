/** R14 and R14a: what a window does to the coefficients. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import type { Coefficients } from "../../../../planner/core/mod.ts";
import { FRESH_WATCH } from "../../../../planner/core/coefficient_watch.ts";
import {
  corrected,
  type CorrectionInput,
  tellPegged,
} from "../../../../planner/core/coefficients.ts";
import type { LiveSignals } from "../../../../planner/core/mod.ts";
import { signals } from "../stand_in.ts";

const ONE: Coefficients = {
  powerPrefill: 1,
  powerDecode: 1,
  powerAgg: 1,
  ttft: 1,
  itl: 1,
};

/** A disaggregated fleet of 600 W and 300 W a GPU, TTFT 200 ms, ITL 10 ms, under caps that hide nothing. */
function input(
  live: Partial<LiveSignals>,
  change: Partial<CorrectionInput> = {},
): CorrectionInput {
  return {
    coefficients: ONE,
    watch: FRESH_WATCH,
    live: signals({ prefillActive: true, decodeActive: true, ...live }),
    requests: 10,
    applied: {
      prefill: { replicas: 2, capWatts: 2000, rawWatts: 600, rawTtftMs: 200 },
      decode: { replicas: 2, capWatts: 2000, rawWatts: 300, rawItlMs: 10 },
    },
    nowMs: 0,
    ...change,
  };
}

function near(found: number, expected: number): void {
  ok(Math.abs(found - expected) < 1e-9, `${found}, not ${expected}`);
}

Deno.test("R14: one step is 0.3 of the way to observed ÷ predicted", () => {
  const { coefficients } = corrected(
    input({ ttftMs: 300, itlMs: 12, drawWatts: { prefill: 720, decode: 330 } }),
  );
  near(coefficients.ttft, 1 + 0.3 * 0.5);
  near(coefficients.itl, 1 + 0.3 * 0.2);
  near(coefficients.powerPrefill, 1 + 0.3 * 0.2);
  near(coefficients.powerDecode, 1 + 0.3 * 0.1);
  strictEqual(coefficients.powerAgg, 1);
});

Deno.test("R14: 840 of 700 W moves prefill alone", () => {
  const { coefficients, updates } = corrected(
    input({ drawWatts: { prefill: 840 } }, {
      applied: {
        prefill: { replicas: 1, capWatts: 2000, rawWatts: 700 },
        decode: { replicas: 1, capWatts: 2000, rawWatts: 300 },
      },
    }),
  );
  near(coefficients.powerPrefill, 1 + 0.3 * 0.2);
  strictEqual(coefficients.powerDecode, 1);
  deepStrictEqual(updates.map(({ coefficient }) => coefficient), [
    "powerPrefill",
  ]);
});

Deno.test("R14: without requests no latency counts", () => {
  const { coefficients } = corrected(
    input({ ttftMs: 900, itlMs: 90 }, { requests: 0 }),
  );
  deepStrictEqual(coefficients, ONE);
});

Deno.test("R14: watts count only where tokens of the side were scheduled", () => {
  const drawWatts = { prefill: 660, decode: 330 };
  const at = (prefillActive: boolean, decodeActive: boolean) => {
    const { powerPrefill, powerDecode } = corrected(
      input({ drawWatts, prefillActive, decodeActive }),
    ).coefficients;
    return [powerPrefill !== 1, powerDecode !== 1];
  };
  deepStrictEqual(at(true, false), [true, false]);
  deepStrictEqual(at(false, true), [false, true]);
  deepStrictEqual(at(false, false), [false, false]);
});

Deno.test("R14: aggregated workers have one power coefficient, fed by either kind of tokens", () => {
  for (const [prefillActive, decodeActive] of [[true, false], [false, true]]) {
    const { coefficients } = corrected(
      input({
        drawWatts: { agg: 660 },
        prefillActive: prefillActive ?? false,
        decodeActive: decodeActive ?? false,
      }, { applied: { agg: { replicas: 1, capWatts: 2000, rawWatts: 600 } } }),
    );
    near(coefficients.powerAgg, 1.03);
    deepStrictEqual(
      [coefficients.powerPrefill, coefficients.powerDecode],
      [1, 1],
    );
  }
});

Deno.test("R14: ten times is 2.0 at once, next to nothing is 0.5 in a few steps", () => {
  strictEqual(corrected(input({ ttftMs: 2000 })).coefficients.ttft, 2);
  let coefficients = ONE;
  for (let tick = 0; tick < 6; tick++) {
    coefficients = corrected(input({ ttftMs: 1e-6 }, { coefficients }))
      .coefficients;
  }
  strictEqual(coefficients.ttft, 0.5);
});

Deno.test("R14: 80 % converges to 0.80 in 20 ticks, equal stays 1.000", () => {
  let coefficients = ONE;
  for (let tick = 0; tick < 20; tick++) {
    coefficients = corrected(
      input({ drawWatts: { prefill: 480, decode: 300 } }, { coefficients }),
    ).coefficients;
  }
  ok(Math.abs(coefficients.powerPrefill - 0.8) < 0.005);
  near(coefficients.powerDecode, 1);
});

Deno.test("R14: whatever is seen, a coefficient is a number from 0.5 to 2, and what is not finite changes nothing", () => {
  const anything = fc.oneof(
    fc.double(),
    fc.constantFrom(undefined, NaN, -1, 0, 1e12, Infinity, -Infinity, 5e-324),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anything, anything, anything, anything), {
        minLength: 1,
        maxLength: 8,
      }),
      anything,
      (windows, raw) => {
        let coefficients = ONE;
        let watch = FRESH_WATCH;
        for (const [ttftMs, itlMs, prefill, decode] of windows) {
          const given = input({
            ttftMs,
            itlMs,
            drawWatts: {
              ...(prefill === undefined ? {} : { prefill }),
              ...(decode === undefined ? {} : { decode }),
            },
          }, {
            coefficients,
            watch,
            applied: {
              prefill: {
                replicas: 1,
                capWatts: 700,
                rawWatts: raw,
                rawTtftMs: raw,
              },
              decode: {
                replicas: 1,
                capWatts: 700,
                rawWatts: raw,
                rawItlMs: raw,
              },
            },
          });
          const next = corrected(given);
          for (const update of next.updates) {
            ok(Number.isFinite(update.observed) && update.observed > 0);
          }
          ({ coefficients, watch } = next);
          for (const value of Object.values(coefficients)) {
            ok(value >= 0.5 && value <= 2, String(value));
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("R14a: a draw at 0.97 of the cap raises and never lowers", () => {
  // Raw 800 W under a cap of 700 W: the quotient cannot pass 0.875, and says nothing.
  const capped = (draw: number, rawWatts: number) =>
    corrected(
      input({ drawWatts: { prefill: draw } }, {
        applied: { prefill: { replicas: 1, capWatts: 700, rawWatts } },
      }),
    );
  const hidden = capped(690, 800);
  strictEqual(hidden.coefficients.powerPrefill, 1);
  deepStrictEqual(hidden.updates[0]?.censored, true);
  strictEqual(hidden.watch.censoredTicks.powerPrefill, 1);
  const raised = capped(690, 600);
  near(raised.coefficients.powerPrefill, 1 + 0.3 * 0.15);
  const free = capped(0.969 * 700, 800);
  strictEqual(free.updates[0]?.censored, false);
  ok(free.coefficients.powerPrefill < 1);
});

Deno.test("R14a: the effective cap counts, not the wish; and so does throttling", () => {
  const applied = {
    prefill: { replicas: 1, capWatts: 700, rawWatts: 800 },
  };
  const at = (live: Partial<LiveSignals>) =>
    corrected(input({ drawWatts: { prefill: 490 }, ...live }, { applied }))
      .updates[0]?.censored;
  strictEqual(at({}), false);
  strictEqual(at({ effectiveCapWatts: { prefill: 500 } }), true);
  strictEqual(at({ powerCappedShare: { prefill: 0.2 } }), true);
  strictEqual(at({ powerCappedShare: { prefill: 0.01 } }), false);
});

Deno.test("R14a: one window in the open ends the count", () => {
  const applied = { prefill: { replicas: 1, capWatts: 700, rawWatts: 800 } };
  let watch = FRESH_WATCH;
  const ticks: (number | undefined)[] = [];
  for (const draw of [700, 700, 500, 700]) {
    watch = corrected(
      input({ drawWatts: { prefill: draw } }, { applied, watch }),
    ).watch;
    ticks.push(watch.censoredTicks.powerPrefill);
  }
  deepStrictEqual(ticks, [1, 2, 0, 1]);
});

Deno.test("R14: every update at a limit is counted, and five minutes of it are said once an episode", () => {
  let { coefficients, watch } = { coefficients: ONE, watch: FRESH_WATCH };
  const said: number[] = [];
  const windows = [
    ...Array.from({ length: 8 }, () => 2000),
    200,
    ...Array.from({ length: 8 }, () => 2000),
  ];
  windows.forEach((ttftMs, minute) => {
    const nowMs = minute * 60_000;
    const next = corrected(input({ ttftMs }, { coefficients, watch, nowMs }));
    const told = tellPegged(next.coefficients, next.watch, nowMs);
    ({ coefficients } = next);
    ({ watch } = told);
    for (const reason of told.reasons) {
      ok(reason.kind === "coefficient_pegged");
      strictEqual(reason.coefficient, "ttft");
      said.push(minute);
    }
  });
  deepStrictEqual(said, [6, 15]);
  strictEqual(watch.peggedTotal.ttft, 16);
});
