/** What holds of every single batch, whatever the fleet looks like. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FleetSnapshot,
  initialLedger,
  stage,
  type Step,
} from "../../../../../planner/core/mod.ts";
import { GATE, gpu, pod, report, snapshot, target } from "./fixtures.ts";

/** One pod on its own GPU, in any state that a report can show. */
const member = fc.record({
  side: fc.constantFrom("prefill" as const, "decode" as const),
  granted: fc.option(
    fc.record({
      watts: fc.integer({ min: 200, max: 700 }),
      more: fc.integer({ min: 0, max: 200 }),
      applied: fc.boolean(),
    }),
    { nil: undefined },
  ),
  limitWatts: fc.integer({ min: 300, max: 700 }),
  minWatts: fc.integer({ min: 100, max: 300 }),
  gate: fc.constantFrom("waiting" as const, "open" as const),
  occupancy: fc.constantFrom(
    "pod" as const,
    "pod" as const,
    "pod" as const,
    "unknown" as const,
    "free" as const,
  ),
  terminating: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  present: fc.integer({ min: 0, max: 6 }).map((n) => n > 0),
});

const world = fc.record({
  members: fc.array(member, { minLength: 1, maxLength: 9 }),
  budgetWatts: fc.integer({ min: 200, max: 5_000 }),
  caps: fc.tuple(
    fc.integer({ min: 50, max: 900 }),
    fc.integer({ min: 50, max: 900 }),
  ),
  replicas: fc.tuple(
    fc.integer({ min: 0, max: 6 }),
    fc.integer({ min: 0, max: 6 }),
  ),
  rollout: fc.constantFrom("settled" as const, "rolling" as const),
});

type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

function look({ members, budgetWatts, rollout }: World): FleetSnapshot {
  const side = {
    targetReplicas: 3,
    readyReplicas: 3,
    startingReplicas: 0,
    rollout,
    gpusPerReplica: 1,
  };
  return snapshot({
    sides: { prefill: side, decode: side },
    pods: members.flatMap((one, index) =>
      one.present
        ? [pod(`m${index}`, {
          side: one.side,
          terminating: one.terminating,
          ...(one.granted
            ? {
              grant: `5.${index + 1} ${one.granted.watts} ${
                one.granted.watts + one.granted.more
              }`,
            }
            : {}),
        })]
        : []
    ),
    reports: [report(
      "n1",
      members.map((one, index) =>
        one.occupancy === "free" ? gpu(`g${index}`) : gpu(`g${index}`, {
          on: `m${index}`,
          occupancy: one.occupancy,
          gate: one.gate,
          limitWatts: one.limitWatts,
          minWatts: one.minWatts,
          ...(one.granted?.applied ? { applied: `5.${index + 1}` } : {}),
        })
      ),
    )],
    lease: { ...snapshot().lease!, budgetWatts },
  });
}

function staged(one: World, seen = look(one)) {
  return stage({
    ...initialLedger(),
    reign: { kind: "held", epoch: 5, unstamped: [], unfenced: [] },
  }, {
    snapshot: seen,
    targets: [
      target(one.replicas[0], one.caps[0], "prefill"),
      target(one.replicas[1], one.caps[1]),
    ],
    config: GATE,
    budgetWatts: one.budgetWatts,
    nowMs: 0,
  }).transition;
}

function patches(steps: readonly Step[]) {
  return steps.flatMap((step) => step.kind === "patch" ? [step] : []);
}

Deno.test("a batch that gives anybody more leaves the sum within the budget, everything of it charged", () => {
  fc.assert(
    fc.property(world, (one) => {
      const { steps, charges } = staged(one);
      const given = patches(steps).filter(({ purpose }) =>
        purpose === "grant" || purpose === "raise"
      );
      if (given.length === 0) return;
      const after = charges.reduce((sum, { podUid, watts, gpus }) => {
        const more = given.find(({ pod }) => pod.uid === podUid)?.grant.watts;
        return sum + gpus * Math.max(watts, more ?? 0);
      }, 0);
      assert(after <= one.budgetWatts, `${after} W of ${one.budgetWatts} W`);
      assert.equal(steps[0]?.kind, "lease");
    }),
    { numRuns: 600 },
  );
});

Deno.test("every patch has whole watts inside its GPU's range, a bound that covers them, and a newer generation", () => {
  fc.assert(
    fc.property(world, (one) => {
      const { steps, charges } = staged(one);
      for (const { pod, grant, purpose } of patches(steps)) {
        const index = Number(pod.name.slice(1));
        const { minWatts, granted, occupancy } = one.members[index]!;
        const own = charges.find(({ podUid }) => podUid === pod.uid)?.watts ??
          0;
        assert(Number.isInteger(grant.watts) && grant.watts <= 700);
        // A pod that no report places has no range but the SKU's.
        const least = occupancy === "free" ? 200 : minWatts;
        assert(grant.watts >= Math.min(least, granted?.watts ?? least));
        assert(grant.boundWatts >= Math.max(grant.watts, own));
        if (granted) assert(grant.generation.sequence > index + 1);
        if (purpose === "lower") {
          assert(grant.watts <= Math.max(granted?.watts ?? 0, own));
        }
      }
    }),
    { numRuns: 600 },
  );
});

Deno.test("the order in which pods are listed decides nothing", () => {
  fc.assert(
    fc.property(world, (one) => {
      const seen = look(one);
      const turned = { ...seen, pods: [...seen.pods].reverse() };
      const words = (steps: readonly Step[]) =>
        patches(steps).map(({ purpose, pod, grant }) =>
          `${purpose} ${pod.name} ${grant.watts} ${grant.boundWatts}`
        ).sort();
      assert.deepEqual(
        words(staged(one).steps),
        words(staged(one, turned).steps),
      );
    }),
    { numRuns: 300 },
  );
});

Deno.test("lines of charge add up to what is charged", () => {
  fc.assert(
    fc.property(world, (one) => {
      const { charges, chargedWatts } = staged(one);
      const sum = charges.reduce(
        (all, { watts, gpus }) => all + watts * gpus,
        0,
      );
      assert.equal(sum, chargedWatts);
    }),
    { numRuns: 300 },
  );
});
