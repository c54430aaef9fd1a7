/** The inputs in the address: nothing is lost, and nothing is guessed. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FIRST_STATE,
  isAllowed,
  NUMBER_RULES,
  type NumberField,
} from "../../../web/plan/state.ts";
import { LINK_VERSION, linkOf, readLink } from "../../../web/plan/url.ts";
import { anyState } from "./any_state.ts";

Deno.test("a link brings back every input to the last digit", () => {
  fc.assert(fc.property(anyState, (state) => {
    assert.deepEqual(readLink(`#${linkOf(state)}`), { state, problems: [] });
  }));
});

Deno.test("an address without a link is what the page opens with", () => {
  for (const hash of ["", "#"]) {
    assert.deepEqual(readLink(hash), { state: FIRST_STATE, problems: [] });
  }
});

const BAD: readonly (readonly [what: string, link: string, said: RegExp])[] = [
  ["a link without a version", "gpus=4", /which version it is/],
  [
    "a link of a later version",
    "v=2&gpus=4",
    /version "2"; this page reads version 1/,
  ],
  [
    "a number that is none",
    "v=1&gpus=many",
    /gpus must be a whole number of GPUs from 1 to 4096, found "many"/,
  ],
  ["a number out of range", "v=1&gpus=0", /gpus must be/],
  ["a fraction of a GPU", "v=1&gpus=1.5", /gpus must be a whole number/],
  ["an infinite number", "v=1&watts=Infinity", /watts must be a number/],
  [
    "an unknown choice",
    "v=1&mode=both",
    /mode must be one of best, disagg, agg/,
  ],
  [
    "an unknown field",
    "v=1&gpu_count=4",
    /"gpu_count" is nothing that this page knows/,
  ],
  ["a name that is markup", "v=1&model=%3Cscript%3E", /model must be a name/],
  [
    "a layout that is none",
    "v=1&pin_decode=tp%3D0",
    /pin_decode must be a layout/,
  ],
  [
    "more cached than input tokens",
    "v=1&isl=100&prefix=100",
    /prefix must be below isl/,
  ],
  ["an endless link", `v=1&model=${"a".repeat(5000)}`, /at most 4000 are read/],
];

for (const [what, link, said] of BAD) {
  Deno.test(`${what} is named, and the page opens all the same`, () => {
    const { state, problems } = readLink(`#${link}`);
    assert.match(problems.join("\n"), said);
    for (const field of Object.keys(NUMBER_RULES) as NumberField[]) {
      const value = state[field];
      assert(value === undefined || isAllowed(field, value), field);
    }
    assert(state.prefix < state.isl);
  });
}

Deno.test("what a link says well is used beside what it says badly", () => {
  const { state, problems } = readLink("#v=1&gpus=16&itl_ms=none");
  assert.equal(state.totalGpus, 16);
  assert.equal(state.itlMs, FIRST_STATE.itlMs);
  assert.equal(problems.length, 1);
});

Deno.test("no text breaks the reading of a link", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string().map((rest) => `v=${LINK_VERSION}&${rest}`),
    fc.dictionary(
      fc.constantFrom("gpus", "model", "power", "pin_agg", "rate", "v"),
      fc.string(),
    )
      .map((fields) =>
        new URLSearchParams({ v: LINK_VERSION, ...fields }).toString()
      ),
  );
  fc.assert(fc.property(text, (hash) => {
    const { state } = readLink(`#${hash}`);
    assert.deepEqual(readLink(linkOf(state)).state, state);
  }));
});
