import { deepStrictEqual, match, ok } from "node:assert";
import {
  decodeNodePowerReport,
  encodeNodePowerReport,
} from "../../../cluster/report_codec.ts";
import {
  BROKEN_STATUSES,
  type Path,
  WHOLE_REPORT as report,
  withValue,
} from "./whole_report.ts";

/** The stored object, as JSON would carry it. */
function stored(): object {
  return JSON.parse(JSON.stringify(encodeNodePowerReport(report)));
}

Deno.test("a report survives its way through the API server", () => {
  const reading = decodeNodePowerReport(stored());
  ok(reading.kind === "report");
  deepStrictEqual(
    JSON.parse(JSON.stringify(reading.report)),
    JSON.parse(JSON.stringify(report)),
  );
});

Deno.test("a report says nothing about what could not be read", () => {
  const [, silent] = encodeNodePowerReport(report).status.gpus as object[];
  ok(silent);
  deepStrictEqual(Object.keys(silent).sort(), [
    "gate",
    "index",
    "model",
    "occupancy",
    "reason",
    "state",
    "uuid",
  ]);
});

Deno.test("a newer agent's extra fields do not disturb an older reader", () => {
  const named = withValue(stored(), ["status", "rackName"], "r1");
  const reading = decodeNodePowerReport(
    withValue(named, ["status", "gpus", 0, "memoryWatts"], 40),
  );
  ok(reading.kind === "report");
});

/** What a reader says of each broken status. */
const SAID: Readonly<Record<string, RegExp>> = {
  "local time": /observedAt/,
  "a negative sequence": /sequence/,
  "half a sequence": /sequence/,
  "GPUs as a map": /gpus is not a list/,
  "watts as text": /limitWatts/,
  "watts below zero": /limitWatts/,
  "a share of 2": /0…1/,
  "an unknown state": /one of/,
  "a bad generation": /<epo/,
  "a pod without UID": /pod\.uid/,
  "one GPU twice": /twice/,
};

const FAULTS: readonly (readonly [string, Path, unknown, RegExp])[] = [
  ["another kind", ["kind"], "Pod", /^kind is not/],
  ["another version", ["apiVersion"], "wattkeeper.dev/v1", /^apiVersion/],
  ["no status", ["status"], undefined, /^status\. is not an object/],
  ["no name", ["metadata", "name"], undefined, /^metadata\.name/],
  ...BROKEN_STATUSES.map(([what, path, value]) =>
    [what, ["status", ...path], value, SAID[what] ?? /^$/] as const
  ),
];

for (const [what, path, value, problem] of FAULTS) {
  Deno.test(`a report with ${what} is malformed as a whole`, () => {
    const reading = decodeNodePowerReport(withValue(stored(), path, value));
    ok(reading.kind === "malformed");
    match(reading.problems.join("\n"), problem);
  });
}
