import assert from "node:assert/strict";
import fc from "fast-check";
import { didYouMean, nearestNames } from "../../../service/mod.ts";

const COMMANDS = ["plan", "agent", "gate", "estimate", "sweep", "simulate"];
const MODELS = [
  "Qwen/Qwen3-32B",
  "Qwen/Qwen3-32B-FP8",
  "meta-llama/Llama-3.1-70B",
];

for (
  const [written, known, meant] of [
    ["estimat", COMMANDS, "estimate"],
    ["paln", COMMANDS, "plan"],
    ["SWEEP", COMMANDS, "sweep"],
    ["Qwen3-32B", MODELS, "Qwen/Qwen3-32B"],
    ["qwen/qwen3_32b", MODELS, "Qwen/Qwen3-32B"],
    ["Qwen/Qwen3-32B-FP9", MODELS, "Qwen/Qwen3-32B-FP8"],
    ["Llama-3.1-70", MODELS, "meta-llama/Llama-3.1-70B"],
    ["Llama", MODELS, "meta-llama/Llama-3.1-70B"],
  ] as const
) {
  Deno.test(`nearestNames() takes "${written}" for "${meant}"`, () => {
    assert.equal(nearestNames(written, known)[0], meant);
  });
}

Deno.test("nearestNames() offers nothing for a name that is near none", () => {
  assert.deepEqual(nearestNames("kubernetes", COMMANDS), []);
  assert.deepEqual(nearestNames("", COMMANDS), []);
  assert.deepEqual(nearestNames("x", []), []);
});

Deno.test("nearestNames() offers no more than the limit", () => {
  assert.equal(nearestNames("aa", ["ab", "ac", "ad"], 2).length, 2);
});

Deno.test("nearestNames() finds a name that lost, gained or swapped one letter", () => {
  const broken = fc.tuple(
    fc.constantFrom(...COMMANDS),
    fc.nat(),
    fc.constantFrom("drop", "double", "swap"),
  ).map(([name, n, how]) => {
    const at = n % (name.length - 1);
    const [here = "", next = ""] = [name[at], name[at + 1]];
    const middle = { drop: "", double: here + here, swap: next + here }[how];
    const rest = name.slice(how === "swap" ? at + 2 : at + 1);
    return [name, name.slice(0, at) + middle + rest] as const;
  });
  fc.assert(fc.property(broken, ([name, written]) => {
    assert(nearestNames(written, COMMANDS).includes(name), written);
  }));
});

Deno.test("didYouMean() makes a sentence of one, two and no names", () => {
  assert.equal(didYouMean("estimat", COMMANDS), ' Did you mean "estimate"?');
  assert.equal(
    didYouMean("ab", ["ac", "ad"], "--"),
    ' Did you mean "--ac" or "--ad"?',
  );
  assert.equal(didYouMean("zzz", COMMANDS), "");
});
