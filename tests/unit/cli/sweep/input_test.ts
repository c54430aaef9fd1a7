/** From the flags of `sweep` to a question. @module */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { parseCommandLine } from "../../../../cli/parse.ts";
import { command } from "../../../../cli/commands/sweep.ts";
import { sweepInput } from "../../../../cli/sweep/input.ts";

const NEEDED = [
  "--model",
  "Qwen/Qwen3-32B",
  "--system",
  "h200_sxm",
  "--total-gpus",
  "16",
];

function inputOf(...args: string[]) {
  return sweepInput(parseCommandLine(command, [...NEEDED, ...args]).flags);
}

Deno.test("sweep asks AIC's usual question when nothing else is said", () => {
  const { space, query } = inputOf();
  strictEqual(space.mode, "best");
  strictEqual(space.backend, "vllm");
  deepStrictEqual(
    [query.isl, query.osl, query.ttftMs, query.itlMs, query.totalGpus],
    [4000, 1000, 2000, 30, 16],
  );
  strictEqual(query.requestRate, undefined);
});

Deno.test("caps are searched where watts matter, and left at the own draw elsewhere", () => {
  strictEqual(inputOf().query.caps.kind, "own_draw");
  strictEqual(
    inputOf("--power-budget-watts", "12kW").query.caps.kind,
    "free",
  );
  strictEqual(inputOf("--objective", "efficiency").query.caps.kind, "free");
  strictEqual(inputOf("--caps", "none").query.caps.kind, "none");
});

Deno.test("a budget is read in watts, kilowatts and megawatts", () => {
  for (const text of ["12000", "12kW", "0.012MW"]) {
    strictEqual(
      inputOf("--power-budget-watts", text).query.budgetWatts,
      12_000,
    );
  }
});

Deno.test("given caps are fixed, side by side", () => {
  deepStrictEqual(
    inputOf("--prefill-cap-watts", "500", "--decode-cap-watts", "0.3kW").query
      .caps,
    { kind: "fixed", watts: { prefill: 500, decode: 300 } },
  );
});

Deno.test("a pin names sizes; what is left out is 1", () => {
  deepStrictEqual(inputOf("--pin-prefill", "tp=4,moe_ep=4").space.pins, {
    prefill: { tp: 4, pp: 1, dp: 1, moeTp: 1, moeEp: 4, cp: 1 },
  });
});

for (
  const pin of ["tp", "tp=0", "tp=-1", "tp=1.5", "tq=4", "tp=4=4", "", "tp=x"]
) {
  Deno.test(`the pin "${pin}" is refused with how one is written`, () => {
    throws(() => inputOf("--pin-decode", pin), /no size of a layout/);
  });
}

Deno.test("without corrections the bare estimates are asked for", () => {
  strictEqual(inputOf().query.corrections, undefined);
  strictEqual(inputOf("--no-corrections").query.corrections?.ttftQueueing, 1);
});
