import { deepStrictEqual, strictEqual } from "node:assert";
import { parsePowerLimit } from "../../../cluster/watts.ts";

for (
  const [text, watts] of [["1", 1], ["300", 300], ["700", 700], [
    "100000",
    100_000,
  ]] as const
) {
  Deno.test(`parsePowerLimit() reads "${text}" as ${watts} W`, () => {
    strictEqual(parsePowerLimit(text), watts);
  });
}

Deno.test("parsePowerLimit() refuses whatever could be meant two ways", () => {
  const refused = [
    ..."0|00|-5|+480|4_80| 480|480 |480\n|0300|300W|300 W|0.3kW|300.0|1e3|0x1f4|"
      .split(
        "|",
      ),
    ...[
      "٣٠٠",
      "３００",
      "３00",
      "99999999999999999999",
      "100001",
      "NaN",
      "Infinity",
    ],
    ...["null", "true", "[300]", "300,400", "\u200b300", "一百"],
  ];
  deepStrictEqual(
    refused.filter((text) => parsePowerLimit(text) !== undefined),
    [],
  );
});
