/** Scenario files: what is read, and what each mistake is told. @module */

import assert from "node:assert/strict";
import { checkScenario } from "../../../../proof/scenarios/schema/mod.ts";

const CLAIM = "assertions: [{ field: n_d, op: '>', value: 0, at_tick: 1 }]";

/** Checks a file, with others that it may extend. */
async function check(text: string, others: Record<string, string> = {}) {
  return await checkScenario("mine.yaml", (name) => {
    const found = { "mine.yaml": text, ...others }[name];
    return found === undefined
      ? Promise.reject(new Error(`no ${name}`))
      : Promise.resolve(found);
  });
}

async function problemsOf(text: string): Promise<string[]> {
  const { problems, scenario } = await check(text);
  assert.equal(scenario, undefined);
  return problems.map(({ path, found, write }) =>
    `${path}: ${found}. ${write}`
  );
}

Deno.test("a file with a name and a claim has every default of the test-bed", async () => {
  const { scenario, problems } = await check(`name: x\n${CLAIM}`);
  assert.deepEqual(problems, []);
  assert(scenario);
  assert.deepEqual(
    [scenario.class, scenario.seed, scenario.ticks, scenario.interval_s],
    ["alpha", 42, 200, 60],
  );
  assert.deepEqual(scenario.load.tokens_per_sec, 2000);
  assert.deepEqual(scenario.fleet.noise.power_per_gpu.sigma, 0.07);
  assert.deepEqual(scenario.fleet.noise.capacity.sigma, 0.03);
  const { config } = scenario.planner;
  assert.deepEqual(
    [config.ttftMs, config.itlMs, config.power?.budgetWatts, config.maxGpus],
    [500, 50, 4000, 64],
  );
});

Deno.test("admission_mode: off is a word, not a truth", async () => {
  const { scenario } = await check(
    `name: x\nplanner: { admission_mode: off }\n${CLAIM}`,
  );
  assert.equal(scenario?.planner.config.admission.mode, "off");
});

Deno.test("a child's mappings merge into its base, its lists replace", async () => {
  const { scenario, problems } = await check(
    `extends: base\nname: child\nfleet: { bias: { ttft_bias: 2 } }\n${CLAIM}`,
    {
      base:
        "name: base\nticks: 7\nfleet: { system: h100_sxm, bias: { itl_bias: 3 } }\nevents: [{ type: node_down, at_tick: 1 }]\nassertions: [{ expression: 'n_d > 0', at_tick: 2 }, { expression: 'n_p > 0', at_tick: 2 }]",
    },
  );
  assert.deepEqual(problems, []);
  assert.equal(scenario?.fleet.system, "h100_sxm");
  assert.deepEqual(
    [scenario?.fleet.bias.itl_bias, scenario?.fleet.bias.ttft_bias],
    [3, 2],
  );
  assert.equal(scenario?.ticks, 7);
  assert.equal(scenario?.events.length, 1);
  assert.equal(scenario?.assertions.length, 1);
});

Deno.test("files that extend each other are told, not followed for ever", async () => {
  const { problems } = await check("extends: mine.yaml\nname: x");
  assert.match(problems[0]?.found ?? "", /extend each other/);
});

const MISTAKES: readonly (readonly [string, string, RegExp])[] = [
  ["an unknown field", "tick: 3", /^tick: .*Did you mean "ticks"/],
  [
    "an unknown field of a block",
    "fleet: { sistem: h200_sxm }",
    /^fleet\.sistem: .*"system"/,
  ],
  [
    "an unknown field of a block in a block",
    "fleet: { bias: { ttf_bias: 2 } }",
    /^fleet\.bias\.ttf_bias: .*"ttft_bias"/,
  ],
  [
    "a wrong word",
    "load: { profile: constnt }",
    /^load\.profile: .*"constant"/,
  ],
  [
    "an unknown field of the planner",
    "planner: { total_gpu_power_limt: 3 }",
    /^planner\.total_gpu_power_limt: .*total_gpu_power_limit/,
  ],
  [
    "a misspelt event",
    "events: [{ type: bias_stepp, at_tick: 1 }]",
    /^events\[0\]\.type: .*"bias_step"/,
  ],
  [
    "an event's unknown field",
    "events: [{ type: node_down, at_tick: 1, n_decode_los: 1 }]",
    /^events\[0\]\.n_decode_los: .*"n_decode_lost"/,
  ],
  [
    "an event's missing field",
    "events: [{ type: budget_change, at_tick: 1 }]",
    /^events\[0\]\.new_total_w: found nothing/,
  ],
];

for (const [what, line, message] of MISTAKES) {
  Deno.test(`${what} is an error with its path and the nearest name`, async () => {
    const problems = await problemsOf(`name: x\n${line}\n${CLAIM}`);
    assert(problems.some((one) => message.test(one)), problems.join("\n"));
  });
}

const CLAIMS: readonly (readonly [string, string, RegExp])[] = [
  [
    "always: without a value",
    "{ field: n_d, op: '>', value: 0, always: }",
    /always: found null/,
  ],
  [
    "no time",
    "{ field: n_d, op: '>', value: 0 }",
    /no time at which it has to hold/,
  ],
  [
    "two times",
    "{ field: n_d, op: '>', value: 0, at_tick: 1, always: true }",
    /found 2 times/,
  ],
  [
    "a tick after the end",
    "{ field: n_d, op: '>', value: 0, at_tick: 200 }",
    /tick 200 of a run of 200/,
  ],
  [
    "an unknown field",
    "{ field: n_dd, op: '>', value: 0, at_tick: 1 }",
    /field: .*Did you mean/,
  ],
  [
    "neither value nor ref",
    "{ field: n_d, op: '>', at_tick: 1 }",
    /neither value nor ref/,
  ],
  [
    "a ref to nowhere",
    "{ field: n_d, op: '>', ref: planner.budget, at_tick: 1 }",
    /ref "planner\.budget"/,
  ],
  [
    "a tolerance of a comparison that has none",
    "{ field: n_d, op: '>', value: 1, tolerance: 1, at_tick: 1 }",
    /tolerance for >/,
  ],
  ["nothing to claim", "{ description: fine }", /Write one of field/],
  [
    "a broken expression",
    "{ expression: 'n_d >', at_tick: 1 }",
    /expression: .*character 6/,
  ],
];

for (const [what, claim, message] of CLAIMS) {
  Deno.test(`an assertion with ${what} is an error`, async () => {
    const problems = await problemsOf(`name: x\nassertions: [${claim}]`);
    assert(problems.some((one) => message.test(one)), problems.join("\n"));
  });
}
