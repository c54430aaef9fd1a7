/** The closed loop: when it searches, what a search sets, what its failures do (R15, R16a, R18, R19). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  type CapacityModel,
  decide,
  type Decision,
  type DecisionInput,
  type FleetAnswer,
  type FleetQuestion,
  initialState,
  type LiveSignals,
  type PlannerState,
  resumedState,
} from "../../../../planner/core/mod.ts";
import {
  configOf,
  engine,
  inventoryOf,
  modelOf,
  OPTIMIZER,
  signals,
  tick,
  window,
} from "../stand_in.ts";

const SECOND = 1000;

/** Prefill 2 requests/s at 400 W, decode 4 requests/s at 300 W; TTFT 100 ms of 500, ITL 10 ms of 50. */
const FLEET = modelOf({
  prefill: { requestsPerSecond: 2, drawWatts: 400, ttftMs: 100 },
  decode: { requestsPerSecond: 4, drawWatts: 300, itlMs: 10 },
});

/** A planner that is ticked by hand every 180 s, over a model whose searches are listed and may be replaced. */
function planner(
  { yaml = "", model = FLEET, budget = 100_000 }: {
    readonly yaml?: string;
    readonly model?: CapacityModel;
    readonly budget?: number;
  } = {},
) {
  const configWith = (budgetWatts: number, more = "") =>
    configOf(
      `max_gpu_budget: 64\ntotal_gpu_power_limit: ${budgetWatts}${OPTIMIZER}${yaml}\n${more}`,
    );
  let config = configWith(budget);
  const searches: FleetQuestion[] = [];
  let instead: ((question: FleetQuestion) => FleetAnswer) | undefined;
  const watched: CapacityModel = {
    ...model,
    searchFleet(question) {
      searches.push(question);
      return instead ? instead(question) : model.searchFleet(question);
    },
  };
  let state: PlannerState = initialState(config.optimizer.initialCoefficients);
  let nowMs = 0;
  return {
    searches,
    get state() {
      return state;
    },
    set state(next: PlannerState) {
      state = next;
    },
    answerWith(answer: typeof instead) {
      instead = answer;
    },
    setBudget(budgetWatts: number) {
      config = configWith(budgetWatts);
    },
    tick(
      requestsPerSecond: number,
      live: Partial<LiveSignals> | null = {},
      change: Partial<DecisionInput> & { readonly afterSeconds?: number } = {},
    ): Decision {
      const { afterSeconds = 180, ...input } = change;
      nowMs += afterSeconds * SECOND;
      const next = decide(
        state,
        tick(
          config,
          window(requestsPerSecond, live ? { live: signals(live) } : {}),
          { model: watched, nowMs, ...input },
        ),
      );
      state = next.state;
      return next.decision;
    },
  };
}

const kinds = ({ reasons }: Decision) => reasons.map(({ kind }) => kind);
const caps = ({ targets }: Decision) => targets.map(({ capWatts }) => capWatts);
const replicas = ({ targets }: Decision) =>
  targets.map(({ replicas }) => replicas);

const THROWS = () => {
  throw new TypeError("the search fell over");
};
const IMPOSSIBLE = (): FleetAnswer => ({
  kind: "infeasible",
  constraint: "ttft_ms",
  message: "TTFT 999999 ms, target 500 ms.",
  needed: 999_999,
  available: 500,
  unit: "ms",
});

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

Deno.test("R16a: demand moves replicas below the ceilings without a new search, and never above them", () => {
  const subject = planner({ budget: 5000 });
  const first = subject.tick(4);
  const { ceilings = {} } = first.optimizer.plan ?? {};
  const once = subject.searches.length;
  for (const rate of [1, 2, 4, 8, 3]) {
    const found = subject.tick(rate);
    for (const { side, replicas } of found.targets) {
      ok(replicas <= (ceilings[side] ?? 0), side);
    }
    ok((found.capacityRequestsPerSecond ?? 0) >= rate);
  }
  strictEqual(subject.searches.length, once);
});

Deno.test("R16a: demand above the ceilings at the own draw searches lower caps at once; watts that are free again raise them later", () => {
  const subject = planner({ budget: 5000 });
  strictEqual(subject.tick(4).optimizer.plan?.regime, "own_draw");
  const busy = subject.tick(18);
  deepStrictEqual([busy.optimizer.searched, busy.optimizer.plan?.regime], [
    "demand_unmet",
    "lowered",
  ]);
  ok(kinds(busy).includes("cap_lowered"));
  ok((busy.projectedWatts ?? Infinity) <= 5000);
  // Not before the reoptimize interval of 300 s.
  strictEqual(subject.tick(2).optimizer.searched, undefined);
  const calm = subject.tick(2);
  deepStrictEqual([calm.optimizer.searched, calm.optimizer.plan?.regime], [
    "watts_free",
    "own_draw",
  ]);
  deepStrictEqual(caps(calm), [400, 300]);
});

Deno.test("R16a: more demand than any choice serves is not searched for again and again", () => {
  const subject = planner({ budget: 3000 });
  subject.tick(50);
  const once = subject.searches.length;
  for (let count = 0; count < 10; count++) subject.tick(50);
  strictEqual(subject.searches.length, once);
});

Deno.test("the search is asked without demand, with the budget, the GPUs, the floors and the thresholds", () => {
  const subject = planner({
    budget: 5000,
    yaml: "admission_max_theta_decode: 0.8\nmin_endpoint: 2",
  });
  subject.tick(4);
  const [question] = subject.searches;
  deepStrictEqual(
    [
      question?.demandRequestsPerSecond,
      question?.budgetWatts,
      question?.maxGpus,
      question?.floors,
      question?.maxThetaDecode,
      question?.caps,
    ],
    [undefined, 5000, 64, { prefill: 2, decode: 2 }, 0.8, { kind: "own_draw" }],
  );
});

Deno.test("another budget searches on the next tick of any kind, and the targets are within it", () => {
  const subject = planner({ budget: 10_000 });
  subject.tick(14);
  subject.setBudget(3000);
  const cut = subject.tick(0, {}, {
    due: { throughput: false, load: false },
    afterSeconds: 1,
  });
  strictEqual(cut.optimizer.searched, "budget");
  ok((cut.projectedWatts ?? Infinity) <= 3000);
  subject.setBudget(10_000);
  strictEqual(subject.tick(14).optimizer.searched, "budget");
});

const MISSED = { ttftMs: 600, itlMs: 20 };
const GOOD = { ttftMs: 300, itlMs: 20 };

Deno.test("R15: three misses in a row search, a good tick begins the count anew", () => {
  const subject = planner();
  subject.tick(10, GOOD);
  subject.tick(10, GOOD, { afterSeconds: 300 });
  const at = (live: Partial<LiveSignals>) => {
    const { optimizer } = subject.tick(10, live);
    return [optimizer.driftTicks, optimizer.searched];
  };
  deepStrictEqual(at(MISSED), [1, undefined]);
  deepStrictEqual(at(MISSED), [2, undefined]);
  deepStrictEqual(at(GOOD), [0, undefined]);
  deepStrictEqual(at(MISSED), [1, undefined]);
  deepStrictEqual(at(MISSED), [2, undefined]);
  // A search that succeeds resets the count.
  deepStrictEqual(at(MISSED), [0, "drift"]);
});

Deno.test("R15: not before the reoptimize interval, and an early tick does not touch the count", () => {
  const subject = planner();
  subject.tick(10);
  for (let count = 0; count < 4; count++) {
    const found = subject.tick(10, MISSED, { afterSeconds: 60 });
    deepStrictEqual([found.optimizer.driftTicks, found.optimizer.searched], [
      0,
      undefined,
    ]);
  }
  strictEqual(
    subject.tick(10, MISSED, { afterSeconds: 60 }).optimizer.driftTicks,
    1,
  );
});

Deno.test("R15: throughput drifts upward only", () => {
  const subject = planner({ budget: 3000 });
  const { plan } = subject.tick(4).optimizer;
  const capacity = plan?.tokensPerSecond ?? 0;
  ok(capacity > 0);
  const at = (tokensPerSecond: number) =>
    subject.tick(4, { tokensPerSecond }, { afterSeconds: 300 }).optimizer
      .driftTriggers;
  deepStrictEqual(at(capacity * 0.2), []);
  deepStrictEqual(at(capacity * 1.14), []);
  deepStrictEqual(at(capacity * 1.2), ["throughput"]);
});

Deno.test("R15: before the first search nothing drifts, and an unknown window neither counts nor clears", () => {
  const subject = planner();
  subject.tick(10, GOOD);
  subject.tick(10, MISSED, { afterSeconds: 300 });
  strictEqual(subject.tick(10, MISSED).optimizer.driftTicks, 2);
  const blind = subject.tick(10, null);
  deepStrictEqual([blind.optimizer.driftTicks, blind.optimizer.driftTriggers], [
    2,
    undefined,
  ]);
});

Deno.test("R19 row 1: nothing feasible at start: floors, optimizer off, static clamp stays", () => {
  const subject = planner({ yaml: "min_endpoint: 2" });
  subject.answerWith(IMPOSSIBLE);
  const first = subject.tick(10, {}, { inventory: inventoryOf([9, 9]) });
  deepStrictEqual(replicas(first), [2, 2]);
  deepStrictEqual(
    [first.optimizer.status, first.optimizer.disabledReason],
    ["disabled", "infeasible_at_startup"],
  );
  // The safe default is the cap where nothing else is configured.
  deepStrictEqual(caps(first), [490, 490]);
  const searched = subject.searches.length;
  subject.answerWith(undefined);
  const later = subject.tick(10, MISSED, { afterSeconds: 10_000 });
  strictEqual(subject.searches.length, searched);
  strictEqual(later.optimizer.status, "disabled");
  deepStrictEqual(later.coefficients.updates, []);
});

Deno.test("R19 row 1: where not even the floor fits, R12 answers and the optimizer stays on for better days", () => {
  const subject = planner({ budget: 450 });
  const cut = subject.tick(10);
  strictEqual(cut.optimizer.status, "enabled");
  ok(kinds(cut).includes("search_infeasible"));
  ok(kinds(cut).includes("below_floor"));
  ok((cut.projectedWatts ?? Infinity) <= 450);
  const searched = subject.searches.length;
  subject.tick(10, {}, { afterSeconds: 10 });
  strictEqual(subject.searches.length, searched);
  subject.setBudget(5000);
  strictEqual(subject.tick(10).optimizer.plan?.regime, "own_draw");
});

Deno.test("R19 rows 2, 3: later failures keep the last configuration and are counted; at the limit the optimizer is off", () => {
  for (
    const [answer, kind] of [[IMPOSSIBLE, "search_infeasible"], [
      THROWS,
      "search_failed",
    ]] as const
  ) {
    const subject = planner({ yaml: "aic_max_consecutive_failures: 2" });
    const first = subject.tick(10, GOOD);
    subject.answerWith(answer);
    const drift = () => {
      for (let count = 0; count < 2; count++) {
        subject.tick(10, MISSED, { afterSeconds: 300 });
      }
      return subject.tick(10, MISSED, { afterSeconds: 300 });
    };
    const failed = drift();
    ok(kinds(failed).includes(kind));
    deepStrictEqual(caps(failed), caps(first));
    deepStrictEqual(replicas(failed), replicas(first));
    strictEqual(failed.optimizer.consecutiveFailures, 1);
    strictEqual(failed.optimizer.status, "enabled");
    // The count of drift stands, so that the next rested tick tries again.
    const off = subject.tick(10, MISSED, { afterSeconds: 300 });
    deepStrictEqual(
      [off.optimizer.status, off.optimizer.disabledReason],
      ["disabled", "max_consecutive_failures"],
    );
    strictEqual(off.optimizer.exceptionsTotal, answer === THROWS ? 2 : 0);
    ok((off.projectedWatts ?? Infinity) <= 100_000);
    const searched = subject.searches.length;
    subject.answerWith(undefined);
    subject.tick(10, MISSED, { afterSeconds: 9000 });
    strictEqual(subject.searches.length, searched);
  }
});

Deno.test("R19: a success between failures begins their count anew", () => {
  const subject = planner({ yaml: "aic_max_consecutive_failures: 2" });
  subject.tick(10);
  subject.answerWith(THROWS);
  subject.setBudget(90_000);
  strictEqual(subject.tick(10).optimizer.consecutiveFailures, 1);
  subject.answerWith(undefined);
  subject.setBudget(80_000);
  strictEqual(subject.tick(10).optimizer.consecutiveFailures, 0);
});

Deno.test("R19 row 4: a search that throws at start leaves a planner that lives", () => {
  const subject = planner();
  subject.answerWith(THROWS);
  const found = subject.tick(10);
  strictEqual(found.optimizer.disabledReason, "startup_exception");
  const reason = found.reasons.find(({ kind }) => kind === "search_failed");
  ok(reason?.kind === "search_failed");
  ok(reason.message.includes("fell over") && reason.stack?.includes("Error"));
  deepStrictEqual(replicas(found), [6, 3]);
});

Deno.test("R19 row 5: a configuration that predicts less is applied, warned about and counted", () => {
  const subject = planner({ budget: 9000 });
  subject.tick(10);
  subject.setBudget(6000);
  const found = subject.tick(10);
  ok(kinds(found).includes("throughput_regression"));
  strictEqual(found.optimizer.regressionsTotal, 1);
  strictEqual(found.optimizer.plan?.question.budgetWatts, 6000);
});

Deno.test("R19: a search that answers with a fleet over the budget is a failure, not an order", () => {
  const subject = planner({ budget: 3000 });
  subject.answerWith((question) =>
    FLEET.searchFleet({ ...question, budgetWatts: 9000 })
  );
  const found = subject.tick(20);
  strictEqual(found.optimizer.disabledReason, "startup_exception");
  ok((found.projectedWatts ?? Infinity) <= 3000);
});

Deno.test("R19 row 15: a blind window holds coefficients and keeps the budget, and both are said", () => {
  const subject = planner({ budget: 3000 });
  subject.tick(4, { ttftMs: 450, itlMs: 35 });
  const before = subject.tick(4, { ttftMs: 450, itlMs: 35 });
  const blind = subject.tick(0, null, {
    observation: {
      ...window(0, { requests: undefined }),
      problems: [{
        kind: "timeout",
        what: "Prometheus",
        message: "no answer within 10 s",
      }],
    },
  });
  deepStrictEqual(blind.coefficients.after, before.coefficients.after);
  for (
    const kind of ["source_problem", "coefficients_held", "no_traffic_data"]
  ) {
    ok(kinds(blind).some((found) => found === kind), kind);
  }
  deepStrictEqual(replicas(blind), replicas(before));
  ok((blind.projectedWatts ?? Infinity) <= 3000);
});

Deno.test("only a restart enables it again: the resumed state keeps coefficients and history, not the disable", () => {
  const subject = planner();
  subject.tick(10, GOOD);
  subject.tick(10, { ttftMs: 700, itlMs: 20 });
  subject.answerWith(THROWS);
  const { coefficients } = subject.state;
  subject.state = resumedState({
    ...subject.state,
    optimizer: {
      ...subject.state.optimizer,
      disabled: "max_consecutive_failures",
    },
  });
  subject.answerWith(undefined);
  const found = subject.tick(10, GOOD);
  strictEqual(found.optimizer.status, "enabled");
  strictEqual(found.optimizer.searched, "startup");
  deepStrictEqual(found.coefficients.before, coefficients);
  ok(subject.state.history.requestsPerSecond.length > 2);
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
  const busy = planner({ budget: 1400, yaml: "min_endpoint: 2" });
  busy.tick(10);
  const full = planner({
    model: modelOf({
      prefill: { requestsPerSecond: 2, drawWatts: 700 },
      decode: { requestsPerSecond: 4, drawWatts: 300 },
    }),
  });
  full.tick(10);
  for (let count = 0; count < 8; count++) {
    const found = [
      busy.tick(10, { prefillActive: true, drawWatts: { prefill: 400 } }),
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
