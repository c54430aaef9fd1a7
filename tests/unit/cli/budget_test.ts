import assert from "node:assert/strict";
import fc from "fast-check";
import { sizingInput } from "../../../cli/budget/input.ts";
import {
  sizeBudget,
  type Sizing,
  type SizingInput,
} from "../../../optimizer-wasm/mod.ts";
import { command } from "../../../cli/commands/budget.ts";
import { parseCommandLine } from "../../../cli/parse.ts";
import { runProgram } from "../../../cli/program.ts";
import { sourceOf } from "./example_command.ts";
import { FakeProcess } from "./fake_process.ts";

const SKUS = new Map([["h200_sxm", 700], ["a100_sxm", 400]]);

function size(...args: string[]): Sizing {
  return sizeBudget(
    sizingInput(parseCommandLine(command, args).flags, SKUS),
  );
}

const RACK = ["--rack-watts", "60kW", "--nodes", "2", "--sku", "h200_sxm"];

Deno.test("budget is rack watts × headroom − what is no GPU", () => {
  assert.equal(size(...RACK, "--headroom", "0.85").budgetWatts, 48_000);
  assert.equal(size(...RACK).budgetWatts, 51_000);
  assert.equal(size(...RACK, "--non-gpu-watts", "4kW").budgetWatts, 50_000);
  assert.equal(size(...RACK, "--non-gpu-watts", "0").budgetWatts, 54_000);
});

Deno.test("budget plans with 0.85 when starts are neither charged nor gated", () => {
  assert.equal(size(...RACK, "--uncharged-starts").budgetWatts, 48_000);
  assert.throws(
    () => size(...RACK, "--uncharged-starts", "--headroom", "0.9"),
    { code: "invalid_value", where: "--headroom" },
  );
});

Deno.test("budget charges idle GPUs a line of their own", () => {
  const sizing = size(
    ...RACK,
    "--idle-gpus",
    "4",
    "--idle-gpu-watts",
    "100",
  );
  assert.equal(sizing.idleWatts, 400);
  assert.equal(sizing.budgetWatts, 50_600);
});

Deno.test("budget charges GPUs that nobody declared all that they can draw", () => {
  const sizing = size(...RACK, "--dgd", "chat=8", "--dgd", "code=4");
  assert.equal(sizing.otherGpus, 4);
  assert.equal(sizing.otherWatts, 2800);
  assert.match(sizing.warnings.join(), /4 GPUs are in no deployment/);
});

Deno.test("budget splits by GPU count and keeps a budget given by hand", () => {
  const sizing = size(
    ...RACK,
    "--non-gpu-watts",
    "0",
    "--dgd",
    "a=8",
    "--dgd",
    "b=4",
    "--dgd",
    "c=4:6kW",
  );
  assert.deepEqual(
    sizing.deployments.map(({ name, budgetWatts }) => [name, budgetWatts]),
    [["a", 32_000], ["b", 16_000], ["c", 6000]],
  );
});

Deno.test("budget warns when the budgets given by hand exceed the facility", () => {
  const sizing = size(...RACK, "--dgd", "a=8:40kW", "--dgd", "b=8:20kW");
  assert.match(sizing.warnings.join("\n"), /add up to 60000 W, 9000 W more/);
});

Deno.test("budget warns when only caps keep the GPUs inside it", () => {
  const tight = size(...["--rack-watts", "10kW"], ...RACK.slice(2));
  assert.match(tight.warnings.join("\n"), /only caps keep them inside/);
});

Deno.test("budget recommends 70 % of the maximum as the safe default", () => {
  assert.equal(size(...RACK).safeDefaultWatts, 490);
  assert.equal(
    size("--rack-watts", "60kW", "--nodes", "2", "--sku", "A100-SXM")
      .safeDefaultWatts,
    280,
  );
});

Deno.test("budget says what to feed when nothing is left for the GPUs", () => {
  assert.throws(() => size(...["--rack-watts", "3kW"], ...RACK.slice(2)), {
    code: "infeasible",
    remedy: /3335 W/,
  });
});

for (
  const [what, args] of [
    ["zero racks", [...RACK, "--racks", "0"]],
    ["negative nodes", [
      "--rack-watts",
      "1kW",
      "--nodes",
      "-2",
      "--tdp-watts",
      "9",
    ]],
    ["zero watts", ["--rack-watts", "0", ...RACK.slice(2)]],
    ["NaN watts", ["--rack-watts", "NaN", ...RACK.slice(2)]],
    ["a headroom over one", [...RACK, "--headroom", "1.01"]],
    ["a headroom of zero", [...RACK, "--headroom", "0"]],
    ["a negative headroom", [...RACK, "--headroom", "-0.9"]],
    ["a deployment without GPUs", [...RACK, "--dgd", "a=0"]],
    ["a share that is none", [...RACK, "--dgd", "a"]],
    ["two deployments of one name", [...RACK, "--dgd", "a=1", "--dgd", "a=2"]],
    ["more GPUs than there are", [...RACK, "--dgd", "a=17"]],
    ["more idle GPUs than there are", [...RACK, "--idle-gpus", "16"]],
    ["nodes that contradict the racks", [...RACK, "--nodes-per-rack", "3"]],
    ["a TDP that contradicts the SKU", [...RACK, "--tdp-watts", "500"]],
    ["two overheads", [
      ...RACK,
      "--non-gpu-watts",
      "1kW",
      "--node-overhead-watts",
      "1kW",
    ]],
  ] as const
) {
  Deno.test(`budget refuses ${what}`, () => {
    assert.throws(() => size(...args), { code: "invalid_value" });
  });
}

Deno.test("budget names the nearest SKU", () => {
  assert.throws(
    () => size("--rack-watts", "9kW", "--nodes", "1", "--sku", "h20_sxm"),
    {
      code: "unknown_system",
      message: /"h200_sxm"/,
    },
  );
});

Deno.test("budget never gives out more than it has, nor leaves more than rounding", () => {
  const input: fc.Arbitrary<SizingInput> = fc.record({
    racks: fc.integer({ min: 1, max: 20 }),
    rackWatts: fc.double({ min: 1000, max: 2e5, noNaN: true }),
    headroom: fc.double({ min: 0.5, max: 1, noNaN: true }),
    nodes: fc.constant(64),
    gpusPerNode: fc.constant(8),
    tdpWatts: fc.constant(1),
    nonGpuWatts: fc.integer({ min: 0, max: 300 }),
    idleGpus: fc.integer({ min: 0, max: 20 }),
    idleGpuWatts: fc.constant(0.5),
    deployments: fc.array(
      fc.record({ name: fc.uuid(), gpus: fc.integer({ min: 1, max: 40 }) }),
      { minLength: 1, maxLength: 6 },
    ),
  });
  fc.assert(fc.property(input, (given) => {
    fc.pre(given.racks * given.rackWatts * given.headroom > 2000);
    const sizing = sizeBudget(given);
    const assigned = sizing.deployments.reduce(
      (watts, share) => watts + share.budgetWatts,
      0,
    );
    const charged = assigned + sizing.unassignedWatts + sizing.idleWatts +
      sizing.otherWatts + sizing.nonGpuWatts;
    assert.equal(charged, sizing.plannedWatts);
    assert(
      sizing.plannedWatts <=
        given.racks * given.rackWatts * given.headroom + 1e-6,
    );
    assert(sizing.unassignedWatts >= 0);
    assert(sizing.unassignedWatts < given.deployments.length);
  }));
});

Deno.test("budget prints fields that can be pasted, and the same in JSON", async () => {
  const table = new FakeProcess();
  assert.equal(
    await runProgram(["budget", ...RACK], table, sourceOf(command)),
    0,
  );
  assert.match(table.out, /^total_gpu_power_limit: 51000$/m);
  assert.match(table.out, /^power_agent_safe_default_watts: 490$/m);
  const json = new FakeProcess();
  await runProgram(
    ["budget", ...RACK, "--output", "json"],
    json,
    sourceOf(command),
  );
  const answer = JSON.parse(json.out);
  assert.equal(answer.budget_watts, 51_000);
  assert.equal(answer.deployments[0].fields.total_gpu_power_limit, 51_000);
});
