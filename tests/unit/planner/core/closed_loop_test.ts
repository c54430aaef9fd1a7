/** What a search sets, and what the loop learns from the fleet (R10, R11, R14, R14a, R18). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { engine, inventoryOf, modelOf } from "../stand_in.ts";
import {
  caps,
  FLEET,
  GOOD,
  kinds,
  planner,
  replicas,
} from "../ticked_planner.ts";

Deno.test("a first search sets caps to the own draw, with its latencies and replicas of at least one", () => {
  const found = planner().tick(10);
  deepStrictEqual(caps(found), [400, 300]);
  strictEqual(found.optimizer.searched, "startup");
  strictEqual(found.optimizer.status, "enabled");
  ok(replicas(found).every((count) => count >= 1));
  deepStrictEqual([found.ttftMs, found.itlMs], [100, 10]);
  ok((found.optimizer.plan?.tokensPerSecond ?? 0) > 0);
});

Deno.test("coefficients 1.5 and 1.2 make caps of 600 and 360", () => {
  const found = planner({
    yaml: "aic_initial_c_power_prefill: 1.5\naic_initial_c_power_decode: 1.2",
  }).tick(10);
  deepStrictEqual(caps(found), [600, 360]);
});

Deno.test("watts that the model does not know make caps of the TDP", () => {
  const found = planner({
    model: modelOf({
      prefill: { requestsPerSecond: 2, drawWatts: 0 },
      decode: { requestsPerSecond: 4, drawWatts: 0 },
    }),
  }).tick(1);
  deepStrictEqual(caps(found), [700, 700]);
  // Nothing was clamped: there was nothing to clamp.
  deepStrictEqual(found.optimizer.clampedPredictionsTotal, {});
});

Deno.test("1275 W at a TDP of 700: cap 700, counted on that side alone, once a search; the raw value stays the denominator", () => {
  const subject = planner({
    model: modelOf({
      prefill: { requestsPerSecond: 2, drawWatts: 400 },
      decode: { requestsPerSecond: 4, drawWatts: 1275 },
    }),
  });
  const first = subject.tick(10);
  deepStrictEqual(caps(first), [400, 700]);
  deepStrictEqual(first.optimizer.clampedPredictionsTotal, { decode: 1 });
  const second = subject.tick(10, {
    decodeActive: true,
    drawWatts: { decode: 500 },
  });
  deepStrictEqual(second.optimizer.clampedPredictionsTotal, { decode: 1 });
  strictEqual(second.coefficients.updates[0]?.predicted, 1275);
  ok(!kinds(second).includes("prediction_replaced"));
});

Deno.test("exactly 770 W are neither clamped nor counted", () => {
  const found = planner({
    model: modelOf({
      prefill: { requestsPerSecond: 2, drawWatts: 400 },
      decode: { requestsPerSecond: 4, drawWatts: 770 },
    }),
  }).tick(1);
  deepStrictEqual(found.optimizer.clampedPredictionsTotal, {});
});

Deno.test("aggregated workers have one cap and one coefficient", () => {
  const found = planner({
    yaml: "mode: agg\naic_initial_c_power_agg: 1.1",
    model: modelOf({ agg: { requestsPerSecond: 2, drawWatts: 500 } }),
  }).tick(3);
  deepStrictEqual(caps(found), [550]);
});

Deno.test("R14: the denominator is the model's raw word, whatever corrected it", () => {
  const subject = planner({
    yaml: "aic_initial_c_ttft: 1.5\naic_initial_c_itl: 2",
  });
  deepStrictEqual(
    [subject.tick(10).ttftMs, subject.tick(10).itlMs],
    [150, 20],
  );
  const { updates } = subject.tick(10, GOOD).coefficients;
  deepStrictEqual(
    updates.map(({ coefficient, predicted }) => [coefficient, predicted]),
    [["ttft", 100], ["itl", 10]],
  );
});

Deno.test("R14a: capped GPUs with watts to spare are probed by 5 % until their draw leaves the cap", () => {
  const subject = planner({ budget: 20_000 });
  subject.tick(10);
  // The GPUs want 480 W, and get the 400 W of the model.
  const truth = 480;
  const seen: (number | undefined)[] = [];
  let cap = 400;
  for (let count = 0; count < 40; count++) {
    const found = subject.tick(10, {
      prefillActive: true,
      drawWatts: { prefill: Math.min(truth, cap) },
    });
    cap = found.targets[0]?.capWatts ?? 0;
    if (found.optimizer.searched === "probe") seen.push(cap);
  }
  ok(seen.length >= 3, String(seen));
  ok(cap * 0.97 > truth && cap < truth * 1.1, String(cap));
});

Deno.test("R14a: no probe without free watts, and none at the most that the GPU takes", () => {
  // One replica of each side takes 700 W of 710, and 5 % of 400 W are 20 W.
  const busy = planner({ budget: 710 });
  strictEqual(busy.tick(1).optimizer.plan?.regime, "own_draw");
  const full = planner({
    model: modelOf({
      prefill: { requestsPerSecond: 2, drawWatts: 700 },
      decode: { requestsPerSecond: 4, drawWatts: 300 },
    }),
  });
  full.tick(10);
  for (let count = 0; count < 8; count++) {
    const found = [
      busy.tick(1, { prefillActive: true, drawWatts: { prefill: 400 } }),
      full.tick(10, { prefillActive: true, drawWatts: { prefill: 700 } }),
    ];
    for (const decision of found) {
      ok(!kinds(decision).includes("coefficient_probed"));
    }
  }
});

Deno.test("compatible: caps of R10 and no ceilings; the clamp decides replicas", () => {
  const found = planner({ budget: 4000, yaml: "power_clamp: compatible" })
    .tick(20);
  strictEqual(found.optimizer.plan?.ceilings, undefined);
  deepStrictEqual(caps(found), [400, 300]);
  // 11 × 400 + 6 × 300 = 6200: s = 4000/6200, prefill ⌊7.09⌋, decode min(6, ⌊1200/300⌋).
  deepStrictEqual(replicas(found), [7, 4]);
});

Deno.test("deployment's caps: read from the fleet, never chosen; unknown ones are charged with all the GPU takes", () => {
  const subject = planner({
    budget: 6000,
    yaml: "power_cap_owner: deployment",
  });
  const [prefill, decode] = [350, 300].map((authoredCapWatts) => ({
    ...inventoryOf([2, 2]).prefill,
    authoredCapWatts,
  }));
  const read = subject.tick(10, {}, {
    inventory: {
      prefill: { ...inventoryOf([2, 2]).prefill!, ...prefill },
      decode: { ...inventoryOf([2, 2]).decode!, ...decode },
    },
  });
  deepStrictEqual(caps(read), [350, 300]);
  deepStrictEqual(subject.searches[0]?.caps, {
    kind: "fixed",
    watts: { prefill: 350, decode: 300 },
  });
  const unknown = subject.tick(10, {}, { inventory: inventoryOf([2, 2]) });
  deepStrictEqual(caps(unknown), [700, 700]);
  ok(kinds(unknown).includes("authored_cap_unknown"));
});

Deno.test("R18: thresholds of the search go with the decision, times the margin; tokens need a worker that says its own", () => {
  const subject = planner({
    yaml: "admission_mode: autoset\nadmission_safety_margin: 0.5",
  });
  subject.answerWith((question) => {
    const answer = FLEET.searchFleet(question);
    return answer.kind === "fleet"
      ? {
        ...answer,
        best: { ...answer.best, thetaPrefill: 0.65, thetaDecode: 0.138 },
      }
      : answer;
  });
  const silent = subject.tick(10);
  strictEqual(silent.admission?.setThetaPrefill, 0.325);
  strictEqual(silent.admission?.setThetaDecode, 0.069);
  strictEqual(silent.admission?.setPrefillTokens, undefined);
  ok(kinds(silent).includes("batched_tokens_unknown"));
  const told = subject.tick(10, {
    engines: [
      engine({ side: "prefill", maxBatchedTokens: 16_384 }),
      engine({ side: "prefill", maxBatchedTokens: 8192 }),
      engine({ side: "prefill", maxBatchedTokens: undefined }),
      engine({ side: "decode", maxBatchedTokens: 1 }),
    ],
  });
  // ⌈0.325 × 8192⌉
  strictEqual(told.admission?.setPrefillTokens, 2663);
  strictEqual(planner().tick(10).admission, undefined);
});
