import { deepStrictEqual, match, ok } from "node:assert";
import {
  decodeNodePowerReport,
  encodeNodePowerReport,
} from "../../../cluster/report_codec.ts";
import { WHOLE_REPORT as report } from "./whole_report.ts";

/** The stored object, as JSON would carry it, with one change made by `change`. */
function stored(
  // deno-lint-ignore no-explicit-any -- a test breaks any field of the object it likes
  change: (object: any) => void = () => {},
): unknown {
  const object = JSON.parse(JSON.stringify(encodeNodePowerReport(report)));
  change(object);
  return object;
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
  const reading = decodeNodePowerReport(stored((object) => {
    object.status.rackName = "r1";
    object.status.gpus[0].memoryWatts = 40;
  }));
  ok(reading.kind === "report");
});

// deno-lint-ignore no-explicit-any -- see above
const faults: [string, (object: any) => void, RegExp][] = [
  ["another kind", (o) => o.kind = "Pod", /^kind is not/],
  ["another version", (o) => o.apiVersion = "wattkeeper.dev/v1", /^apiVersion/],
  ["no status", (o) => delete o.status, /^status\. is not an object/],
  ["no name", (o) => delete o.metadata.name, /^metadata\.name/],
  ["local time", (o) => o.status.observedAt = "Monday", /observedAt/],
  ["a negative sequence", (o) => o.status.sequence = -1, /sequence/],
  ["half a sequence", (o) => o.status.sequence = 1.5, /sequence/],
  ["GPUs as a map", (o) => o.status.gpus = {}, /gpus is not a list/],
  ["watts as text", (o) => o.status.gpus[0].limitWatts = "300", /limitWatts/],
  ["watts below zero", (o) => o.status.gpus[0].limitWatts = -1, /limitWatts/],
  ["a share of 2", (o) => o.status.gpus[0].powerCappedShare = 2, /0…1/],
  ["an unknown state", (o) => o.status.gpus[1].state = "fine", /one of/],
  ["a bad generation", (o) => o.status.gpus[0].appliedGeneration = "5", /<epo/],
  ["a pod without UID", (o) => delete o.status.gpus[0].pod.uid, /pod\.uid/],
  ["one GPU twice", (o) => o.status.gpus[1].uuid = "GPU-1", /twice/],
];

for (const [what, change, problem] of faults) {
  Deno.test(`a report with ${what} is malformed as a whole`, () => {
    const reading = decodeNodePowerReport(stored(change));
    ok(reading.kind === "malformed");
    match(reading.problems.join("\n"), problem);
  });
}
