import assert from "node:assert/strict";
import { parseWatts } from "../../../cli/watts.ts";

for (
  const [text, watts] of [
    ["12000", 12_000],
    ["700W", 700],
    ["12kW", 12_000],
    ["12 kW", 12_000],
    ["0.4MW", 400_000],
    ["0.1MW", 100_000],
    ["1.1kW", 1100],
  ] as const
) {
  Deno.test(`parseWatts() reads ${text} as ${watts} W`, () => {
    assert.equal(parseWatts(text, "--x"), watts);
  });
}

for (
  const text of [
    "0",
    "-5",
    "0kW",
    "NaN",
    "NaNkW",
    "Infinity",
    "1e400",
    "12kWh",
    "12 k W",
    "kW",
    "",
    "12,5kW",
    "0x10",
    "0.0001",
  ]
) {
  Deno.test(`parseWatts() refuses "${text}"`, () => {
    assert.throws(() => parseWatts(text, "--power"), {
      code: "invalid_value",
      where: "--power",
    });
  });
}

Deno.test("parseWatts() tells milliwatts from megawatts", () => {
  assert.throws(() => parseWatts("4mW", "--x"), /megawatts are written "MW"/);
});
