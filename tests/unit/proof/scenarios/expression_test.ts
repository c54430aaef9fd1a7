/** Expressions of assertions: what they may say, what they are worth, and that they are no program. @module */

import assert from "node:assert/strict";
import {
  evaluate,
  ExpressionError,
  expressionOf,
  type Value,
} from "../../../../proof/scenarios/expression/mod.ts";

const FIELDS: Readonly<Record<string, readonly Value[]>> = {
  n_d: [1, 2, 4, 3],
  c_power_d: [1, null, 1.2, 1.4],
  settled: [true, false, true, true],
  alarms: ["", "agent_silent,node_lost", "", ""],
  searches: [1, 1, 3, 4],
};

function worth(text: string, tick = 2): Value {
  return evaluate(expressionOf(text, (name) => name === "itl_ms"), {
    tick,
    ticks: 4,
    field: (name, at) => FIELDS[name]?.[at] ?? null,
    planner: (name) => name === "itl_ms" ? 50 : null,
    growth: (name, at) =>
      Number(FIELDS[name]?.[at] ?? 0) - Number(FIELDS[name]?.[at - 1] ?? 0),
  });
}

const WORTH: readonly (readonly [string, Value])[] = [
  ["n_d", 4],
  ["n_d == 4 and c_power_d > 1", true],
  ["1 < n_d <= 4", true],
  ["n_d - prev.n_d", 2],
  ["at(n_d, 0) + at(n_d, 3)", 4],
  ["highest(n_d, 0, 3) - lowest(n_d, 0, 3)", 3],
  ["growth.searches", 2],
  ["planner.itl_ms / 2", 25],
  ["max(1, n_d, 7) * -1", -7],
  ["abs(1 - n_d) % 2", 1],
  ["not settled or n_d > 3", true],
  ["len(alarms)", 0],
  ["(n_d + 1) * 2 == 10", true],
  ["1 / 0", null],
  ["settled == true", true],
];

for (const [text, value] of WORTH) {
  Deno.test(`${text} is ${value}`, () => {
    assert.equal(worth(text), value);
  });
}

Deno.test("what touches something unknown is unknown, unless the rest decides", () => {
  assert.equal(worth("c_power_d > 1", 1), null);
  assert.equal(worth("c_power_d > 1 and n_d == 9", 1), false);
  assert.equal(worth("c_power_d > 1 or n_d == 2", 1), true);
  assert.equal(worth("at(n_d, 99)"), null);
});

Deno.test("a list of words has a length", () => {
  assert.equal(worth("len(alarms)", 1), 2);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["n_decode", /no "n_decode".*"n_d"|no "n_decode"/],
  ["planner.nothing", /no number "nothing"/],
  ["exec(1)", /no function "exec"/],
  ["abs(1, 2)", /takes 1 inputs/],
  ["at(1, 2)", /begins with the name of a field/],
  ["[n_d for n_d in history]", /"\[" is not understood/],
  ["n_d ==", /ends where a value was expected/],
  ["n_d n_p", /not expected here/],
  ["__proto__", /no "__proto__"/],
  ["constructor.constructor", /no "constructor.constructor"/],
  ["n_d.toString", /no "n_d.toString"/],
  ["(".repeat(80) + "1" + ")".repeat(80), /nested/],
];

for (const [text, message] of REFUSED) {
  Deno.test(`${text.slice(0, 40)} is refused when it is loaded`, () => {
    assert.throws(
      () => expressionOf(text, () => false),
      (error) =>
        error instanceof ExpressionError && message.test(error.message),
    );
  });
}
