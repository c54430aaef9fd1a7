/** The report: one page that loads nothing, shows everything it is given, and lets no text become markup. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type ReportData, reportPage } from "../../../../proof/mod.ts";
import { ticksTo, timeTicks, topOf } from "../../../../proof/report/scale.ts";
import { thinned } from "../../../../proof/report/thin.ts";
import { timeText } from "../../../../proof/report/time_text.ts";
import { amount } from "../../../../proof/report/plot.ts";

function data(text = "a"): ReportData {
  return {
    title: `T${text}`,
    subtitle: `S${text}`,
    facts: [{ name: `F${text}`, value: `V${text}` }],
    notes: [`N${text}`],
    runs: [{
      name: `R${text}`,
      summary: [{ name: `Row${text}`, value: `Cell${text}` }],
      lengthSeconds: 100,
      startMs: Date.UTC(2026, 0, 5, 6),
      panels: [{
        title: `P${text}`,
        unit: `U${text}`,
        lines: [
          {
            name: `L${text}`,
            style: "line",
            seconds: [0, 50, 100],
            values: [1, undefined, 3],
          },
          {
            name: `B${text}`,
            style: "limit",
            seconds: [0, 100],
            values: [2, 2],
          },
        ],
      }],
      decisions: [{
        atSeconds: 30,
        title: `D${text}`,
        reasons: [`Why${text}`],
        severity: "warning",
      }],
      faults: [{ fromSeconds: 10, untilSeconds: 20, title: `X${text}` }],
      checks: [
        { title: `A${text}`, passed: true },
        { title: `A2${text}`, passed: false, found: `Found${text}` },
      ],
    }],
  };
}

Deno.test("everything that is given is on the page", () => {
  const page = reportPage(data("·"));
  for (
    const word of ["T", "S", "F", "V", "N", "R", "Row", "Cell", "P", "U", "L"]
  ) assert(page.includes(`${word}·`), word);
  for (const word of ["B", "D", "Why", "X", "A", "A2", "Found"]) {
    assert(page.includes(`${word}·`), word);
  }
  assert(page.includes("1 of 2 hold"));
  assert(page.includes("06:00:30"));
});

Deno.test("the page asks nobody for anything", () => {
  const page = reportPage(data());
  assert(page.includes("default-src 'none'"));
  assert.doesNotMatch(page, /(?:src|href)="(?!data:)/);
  assert.doesNotMatch(page, /https?:|url\(|@import|fetch\(/);
  assert(page.includes('name="viewport"'));
  assert(page.includes("prefers-color-scheme:dark"));
});

Deno.test("no text becomes markup, in elements, attributes or data", () => {
  const evil = `</script><img src=x onerror="alert(1)">'&`;
  const page = reportPage(data(evil));
  assert(!page.includes("<img"));
  assert.equal(page.split("</script>").length, 1 + 2);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = reportPage(data(text)).match(/<(?:script|img|svg|path)\b/g);
      assert.deepEqual(
        found,
        reportPage(data()).match(
          /<(?:script|img|svg|path)\b/g,
        ),
      );
    }),
    { numRuns: 50 },
  );
});

Deno.test("a gap interrupts a line, a step goes across and then up", () => {
  const run = data().runs[0]!;
  const page = reportPage({
    ...data(),
    runs: [{
      ...run,
      panels: [{
        title: "P",
        unit: "",
        lines: [
          {
            name: "line",
            style: "line",
            seconds: [0, 25, 50, 100],
            values: [0, undefined, 2, 4],
          },
          {
            name: "step",
            style: "step",
            seconds: [0, 50, 100],
            values: [4, 4, 0],
          },
        ],
      }],
    }],
  });
  assert(page.includes('d="M0.0 200.0M500.0 100.0L1000.0 0.0"'));
  assert(page.includes('d="M0.0 0.0H500.0H1000.0V200.0"'));
});

Deno.test("ticks are round and reach the top", () => {
  assert.deepEqual(ticksTo(14_900), [0, 5_000, 10_000, 15_000]);
  assert.deepEqual(ticksTo(0.9), [0, 0.25, 0.5, 0.75, 1]);
  fc.assert(fc.property(
    fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
    (top) => {
      const ticks = ticksTo(top);
      assert(ticks.length >= 2 && ticks.length <= 7);
      assert(ticks.at(-1)! >= top * (1 - 1e-9));
    },
  ));
  assert.deepEqual(timeTicks(86_400), [
    0,
    21_600,
    43_200,
    64_800,
    86_400,
  ]);
});

Deno.test("a few values far above the rest do not flatten it; a limit is always seen", () => {
  const usual = Array.from({ length: 300 }, () => 100);
  assert(topOf([...usual, 60_000], []) < 200);
  assert.equal(topOf([...usual, 150], []), 150);
  assert(topOf(usual, [1_000]) >= 1_000);
});

Deno.test("fewer points keep the peaks", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 5_000,
    }),
    (values) => {
      const seconds = values.map((_, index) => index);
      const thin = thinned({ seconds, values }, 300);
      assert(thin.values.length <= 302);
      const known = thin.values.filter((value) => value !== null);
      assert.equal(Math.max(...known), Math.max(...values));
      assert.equal(Math.min(...known), Math.min(...values));
      assert(
        thin.seconds.every((at, i) => i === 0 || at >= thin.seconds[i - 1]!),
      );
    },
  ));
});

Deno.test("times are clock times where there is a beginning, and lengths without", () => {
  assert.equal(timeText(3_661, undefined), "1:01");
  assert.equal(timeText(90_061, undefined, true), "25:01:01");
  assert.equal(timeText(3_661, Date.UTC(2026, 0, 5, 23), true), "00:01:01");
});

Deno.test("amounts have thousands apart and no needless places", () => {
  assert.deepEqual([0, 0.25, 1.5, 12, 1234.4, 1e6].map(amount), [
    "0",
    "0.25",
    "1.5",
    "12",
    "1,234",
    "1,000,000",
  ]);
});
