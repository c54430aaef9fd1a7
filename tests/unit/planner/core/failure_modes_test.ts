/** What fails, and what then (R19). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  type LiveSignals,
  resumedState,
} from "../../../../planner/core/mod.ts";
import { inventoryOf, signals, window } from "../stand_in.ts";
import {
  caps,
  FLEET,
  GOOD,
  IMPOSSIBLE,
  kinds,
  MISSED,
  planner,
  replicas,
  THROWS,
} from "../ticked_planner.ts";

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

Deno.test("R19 row 15: a source that answers with signals that are all unknown is as blind as one that says nothing", () => {
  const subject = planner({ budget: 3000 });
  subject.tick(4, { ttftMs: 450, itlMs: 35 });
  const unknown = (live: Partial<LiveSignals>) =>
    kinds(subject.tick(0, null, {
      observation: {
        ...window(0, { requests: undefined }),
        live: signals(live),
        problems: [{ kind: "unreachable", what: "Prometheus", message: "" }],
      },
    })).includes("coefficients_held");
  ok(unknown({}));
  ok(!unknown({ ttftMs: 450 }));
  ok(!unknown({ drawWatts: { decode: 300 } }));
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
