/** When the optimizer searches, and what demand does between two searches (R15, R16, R16a). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { LiveSignals } from "../../../../planner/core/mod.ts";
import { engine, inventoryOf, window } from "../stand_in.ts";
import { caps, GOOD, kinds, MISSED, planner } from "../ticked_planner.ts";

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
  for (let count = 0; count < 10; count++) {
    const found = subject.tick(50);
    // What it gets is the search's best, not a shrunk wish.
    deepStrictEqual(
      Object.fromEntries(
        found.targets.map(({ side, replicas }) => [side, replicas]),
      ),
      found.optimizer.plan?.ceilings,
    );
    ok(kinds(found).includes("ceiling"));
    ok(
      !found.reasons.some((reason) =>
        reason.kind === "power_budget" && reason.method === "compatible"
      ),
    );
  }
  strictEqual(subject.searches.length, once);
});

Deno.test("R16a: lengths that move a little with every window do not turn caps and ceilings over each time", () => {
  const subject = planner({ budget: 3000 });
  subject.tick(50);
  const lengths = (islTokens: number) =>
    subject.tick(50, null, {
      afterSeconds: 60,
      observation: window(50, { islTokens }),
    }).optimizer.searched;
  const first = lengths(3100);
  const searched = [3000, 3120, 2990, 3110, 2980].map(lengths)
    .filter((one) => one === "demand_unmet");
  // One interval of 300 s lies within these six windows.
  ok(searched.length + (first ? 1 : 0) <= 2, `${first} ${searched}`);
});

Deno.test("R16a: where load scales alone, its steps up search lower caps, and what fits at the own draw again gives them back", () => {
  const subject = planner({
    budget: 1800,
    yaml:
      "enable_throughput_scaling: false\nenable_load_scaling: true\nload_adjustment_interval_seconds: 5",
  });
  const steps = (share: number, count: number) =>
    (["prefill", "decode"] as const).flatMap((side) =>
      Array.from({ length: count }, (_, index) =>
        engine({
          side,
          workerId: `${side}-${index}`,
          queuedPrefillTokens: side === "prefill" ? 0.5 * 4096 : 0,
          scheduledDecodeKvTokens: side === "decode" ? share * 100_000 : 0,
        }))
    );
  const at = (share: number, count: number) =>
    subject.tick(1, { engines: steps(share, count) }, {
      due: { throughput: false, load: true },
      inventory: inventoryOf([count, count]),
      afterSeconds: 200,
      scaling: { target: "throughput" },
    });
  strictEqual(at(0.7, 2).optimizer.plan?.regime, "own_draw");
  // 2 × 400 W and 3 × 300 W fit 1800 W; 3 × 400 W and 3 × 300 W do not.
  strictEqual(at(1.2, 2).optimizer.searched, undefined);
  const pressed = at(1.2, 3);
  deepStrictEqual(
    [pressed.optimizer.searched, pressed.optimizer.plan?.regime],
    [
      "demand_unmet",
      "lowered",
    ],
  );
  ok((pressed.projectedWatts ?? Infinity) <= 1800);
  at(0.7, 1);
  const calm = at(0.7, 1);
  deepStrictEqual([calm.optimizer.searched, calm.optimizer.plan?.regime], [
    "watts_free",
    "own_draw",
  ]);
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

Deno.test("R15: fifty good ticks never search", () => {
  const subject = planner();
  subject.tick(10, GOOD);
  const once = subject.searches.length;
  for (let count = 0; count < 50; count++) {
    subject.tick(10, GOOD, { afterSeconds: 300 });
  }
  strictEqual(subject.searches.length, once);
});

Deno.test("a clock that goes back by hours does not put the next search off by hours", () => {
  const subject = planner();
  subject.tick(10, GOOD, { nowMs: 1e9 });
  const back = subject.tick(10, MISSED, { nowMs: 1000 });
  ok(kinds(back).includes("clock_went_back"));
  strictEqual(back.optimizer.lastSearchAgeMs, 0);
  strictEqual(
    subject.tick(10, MISSED, { nowMs: 301_000 }).optimizer.driftTicks,
    1,
  );
});
