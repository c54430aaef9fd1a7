import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  compareGenerations,
  parseGeneration,
} from "../../../cluster/generation.ts";
import { formatGrant, type Grant, parseGrant } from "../../../cluster/grant.ts";

const plain = { noNullPrototype: true };
const someGrant: fc.Arbitrary<Grant> = fc.record({
  podUid: fc.uuid(),
  generation: fc.record({
    epoch: fc.nat(1e9),
    sequence: fc.nat(1e9),
  }, plain),
  watts: fc.nat(1000),
  boundWatts: fc.integer({ min: 1000, max: 2000 }),
}, plain);

Deno.test("parseGrant() reads what formatGrant() writes", () => {
  fc.assert(fc.property(someGrant, (grant) => {
    deepStrictEqual(parseGrant(formatGrant(grant)), { kind: "grant", grant });
  }));
});

Deno.test("parseGrant() reads a claim: 0 W, no permission", () => {
  const reading = parseGrant("v1 0f-1a 5.3 0 0");
  ok(reading.kind === "grant");
  strictEqual(reading.grant.watts, 0);
});

for (
  const [text, problem] of [
    ["", /version/],
    ["v2 0f-1a 5.3 300 500", /version is "v2"/],
    ["v1", /pod UID/],
    ["v1 ../x 5.3 300 500", /pod UID/],
    ["v1  5.3 300 500", /pod UID/],
    ["v1 0f-1a 5 300 500", /generation/],
    ["v1 0f-1a 5.-3 300 500", /generation/],
    ["v1 0f-1a 05.3 300 500", /generation/],
    ["v1 0f-1a 9999999999999999.3 300 500", /generation/],
    ["v1 0f-1a 5.3 300.5 500", /^watts/],
    ["v1 0f-1a 5.3 -300 500", /^watts/],
    ["v1 0f-1a 5.3 300", /boundWatts/],
    ["v1 0f-1a 5.3 300 200", /below watts/],
    ["v1 0f-1a 5.3 300 500 ", /after boundWatts/],
    ["v1 0f-1a 5.3 300 500\n", /boundWatts/],
    [`v1 0f-1a 5.3 300 500${" ".repeat(300)}`, /after boundWatts/],
  ] as const
) {
  Deno.test(`parseGrant() refuses "${text.slice(0, 40).trimEnd()}"`, () => {
    const reading = parseGrant(text);
    ok(reading.kind === "malformed");
    match(reading.problem, problem);
  });
}

Deno.test("generations order by epoch, then sequence, as numbers", () => {
  const order = ["1.9", "1.10", "2.0", "2.3", "10.0"].map((text) => {
    const generation = parseGeneration(text);
    ok(generation);
    return generation;
  });
  const shuffled = order.toReversed().sort(compareGenerations);
  deepStrictEqual(shuffled, order);
});
