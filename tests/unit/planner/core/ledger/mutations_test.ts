/** The planner's part of `cap-protocol.md` §10: each fault, built in, is caught. @module */

import assert from "node:assert/strict";
import * as core from "../../../../../planner/core/mod.ts";
import { gpu, pod, report, serving, snapshot, target } from "./fixtures.ts";
import { type Change, mutated } from "./mutated.ts";
import type { LedgerUnderTest } from "./planner_driver.ts";
import { Leader } from "./reign.ts";
import {
  cachedReports,
  conflictForgotten,
  type FleetFaults,
  frozenMeanwhile,
  packetAfterStamp,
  packetBeforeStamp,
  packetForTheGate,
  raiseLost,
  raiseTakenBack,
  type Scenario,
  SCENARIOS,
  staleBudget,
  stampLost,
  successorIsLetIn,
  vanishedBeforeTakeOver,
  vanishedUnderWay,
} from "./scenarios.ts";
import { walk } from "./walk.ts";

/** Random runs with a fault, of which one at least must end in a violation. */
const SEEDS = 60;
const STEPS = 400;

interface Mutation {
  readonly name: string;
  readonly changes?: readonly Change[];
  /** A fault of the fleet that applies the steps. */
  readonly world?: FleetFaults;
  /** What catches it; random runs by default. Throws when it does. */
  readonly caughtBy?: Scenario;
}

const NONE = { startMode: "none" as const };

const MUTATIONS: readonly Mutation[] = [
  {
    name: "raise before the lower is confirmed",
    changes: [{
      file: "charge_rows.ts",
      from: "watts: Math.max(grant.watts, grant.boundWatts, openLimit),",
      to: "watts: grant.watts,",
    }],
  },
  {
    name: "charge the report, ignore larger outstanding grants",
    changes: [{
      file: "charge_rows.ts",
      from: "watts: Math.max(grant.watts, grant.boundWatts, openLimit),",
      to: "watts: openLimit,",
    }],
  },
  {
    name: "no bound",
    caughtBy: raiseTakenBack,
    changes: [{
      file: "seal.ts",
      from: "return watts === 0 ? 0 : Math.max(ownWatts, watts);",
      to: "return watts;",
    }],
  },
  {
    name: "act before stamping",
    caughtBy: stampLost,
    changes: [{
      file: "stage_context.ts",
      from: "!snapshot.consistent || reign.unstamped.length > 0",
      to: "!snapshot.consistent",
    }],
  },
  {
    name: "stamp granted pods only",
    caughtBy: packetForTheGate,
    changes: [{
      file: "take_over.ts",
      from: "(pod.memory.grant !== undefined || pod.memory.gated)",
      to: "pod.memory.grant !== undefined",
    }],
  },
  {
    name: "empty ledger at take-over",
    caughtBy: vanishedBeforeTakeOver,
    changes: [{
      file: "stage.ts",
      from: "const account = new Account(view, settings);",
      to: `const mine = new Map([...view.pods].filter(([, { memory }]) =>
        memory.grant?.generation.epoch === epochOf(ledger.reign)));
      const account = new Account({ ...view, pods: mine, gpus: new Map(
        [...view.gpus].filter(([, { report }]) => mine.has(report.pod?.uid ?? ""))),
      }, settings);`,
    }],
  },
  {
    name: "cached reports at take-over",
    world: { staleViews: true },
    caughtBy: cachedReports,
  },
  {
    name: "own larger budget at take-over",
    caughtBy: staleBudget,
    changes: [{
      file: "budget_in_force.ts",
      from: "larger && !trusted ? lease : budgetWatts",
      to: "budgetWatts",
    }],
  },
  {
    name: "patch without precondition",
    world: { precondition: "none" },
    caughtBy: packetAfterStamp,
  },
  {
    name: "admission of growing generations in its place",
    world: { precondition: "growing generation" },
    caughtBy: packetBeforeStamp,
  },
  {
    name: "write over a higher epoch",
    changes: [{
      file: "take_over.ts",
      from: "if (highest <= reign.epoch) return",
      to: "if (highest > 0) return",
    }],
    caughtBy: (ledger) => {
      const leader = reigning(ledger);
      assert.deepEqual(
        leader.stage(snapshot({
          pods: [pod("a", { grant: "6.1 500" })],
          reports: [report("n1", [serving("g1", "a", "6.1", 500)])],
        })),
        [],
      );
    },
  },
  {
    name: "raise without Lease PUT",
    caughtBy: (ledger) => {
      const steps = reigning(ledger).stage(snapshot({
        pods: [pod("a")],
        reports: [report("n1", [gpu("g1", { on: "a" })])],
      }));
      assert.deepEqual(steps, ["lease 5 800", "grant a 5.1 300 300"]);
    },
    changes: [{
      file: "stage.ts",
      from: "needed: following.length > 0,",
      to: "needed: false,",
    }],
  },
  {
    name: "compare sequences without epochs",
    caughtBy: packetBeforeStamp,
    changes: [{
      file: "charge_rows.ts",
      from: "compareGenerations(applied, grant.generation) >= 0",
      to: "applied.sequence >= grant.generation.sequence",
    }],
  },
  {
    name: "grant an unreported pod",
    changes: [{
      file: "stage_context.ts",
      from: "if (!pod.placed || rangeOf(pod) === undefined) ",
      to: "if (!pod.present) ",
    }, {
      file: "wanted_caps.ts",
      from: "(pod.memory.grant ? settings.gpu : undefined)",
      to: "settings.gpu",
    }],
    caughtBy: (ledger) => {
      const steps = reigning(ledger).stage(snapshot({ pods: [pod("a")] }));
      assert.deepEqual(steps, []);
    },
  },
  {
    name: "charge 0 without a gate",
    changes: [{
      file: "charge_rows.ts",
      from: "if (isGated(settings) && memory.gated) {",
      to: "if (isGated(settings)) {",
    }],
    caughtBy: (ledger) => {
      const leader = reigning(ledger);
      leader.stage(snapshot({ pods: [pod("a", { gated: false })] }));
      assert.equal(leader.last?.chargedWatts, 700);
    },
  },
  {
    name: "terminating is free",
    changes: [{
      file: "charge_rows.ts",
      from: "if (!pod.present) return vanishedRow(pod, seen, settings);",
      to: `if (pod.memory.terminating) return { watts: 0, because: "" };
      if (!pod.present) return vanishedRow(pod, seen, settings);`,
    }],
  },
  {
    name: "vanished is free, gated",
    caughtBy: vanishedUnderWay,
    changes: [{
      file: "charge_rows.ts",
      from: `because: "vanished pod",
  };`,
      to: `because: "vanished pod",
  } && { watts: 0, because: "" };`,
    }],
  },
  {
    name: "vanished is free, ungated",
    changes: [{
      file: "charge_rows.ts",
      from:
        "const least = isGated(settings) ? 0 : startWattsOf(seen, settings);",
      to: `const least = 0;
  if (!isGated(settings)) return { watts: 0, because: "" };`,
    }],
    caughtBy: (ledger) => {
      const leader = reigning(ledger, NONE);
      const reports = [
        report("n1", [
          gpu("g1", { on: "a", applied: "5.1", gate: "none", limitWatts: 300 }),
        ]),
      ];
      const alive = pod("a", { grant: "5.1 300", gated: false });
      leader.stage(snapshot({ pods: [alive], reports }));
      leader.stage(snapshot({ pods: [], reports }));
      assert.equal(leader.last?.charges[0]?.watts, 700);
    },
  },
  {
    name: "compliance when sent",
    changes: [{
      file: "stage.ts",
      from: "chargedWatts <= Math.min(budgets.inForceWatts, budgetWatts),",
      to: "chargedWatts > -1,",
    }],
  },
  {
    name: "limit annotation without its grant",
    world: { precondition: "limit only" },
  },
  {
    name: "count a request below device minimum",
    changes: [{
      file: "wanted_caps.ts",
      from: "Math.max(Math.floor(capWatts), minWatts)",
      to: "Math.floor(capWatts)",
    }],
    caughtBy: (ledger) => {
      const leader = reigning(ledger);
      assert.deepEqual(
        leader.stage(
          snapshot({
            pods: [pod("a")],
            reports: [report("n1", [gpu("g1", { on: "a" })])],
          }),
          { targets: [target(1, 150)] },
        ),
        ["lease 5 800", "grant a 5.1 200 200"],
      );
    },
  },
  {
    name: "no reboot reserve without a gate",
    changes: [{
      file: "account.ts",
      from:
        "return Math.max(this.#inPlaceReserve, 0, ...this.#shortfall.values());",
      to: "return 0;",
    }],
    caughtBy: (ledger) => {
      const leader = reigning(ledger, NONE);
      leader.stage(snapshot({
        pods: [pod("a", { grant: "5.1 300", gated: false })],
        reports: [
          report("n1", [
            gpu("g1", {
              on: "a",
              applied: "5.1",
              gate: "none",
              limitWatts: 300,
            }),
          ]),
        ],
      }));
      assert.equal(leader.last?.chargedWatts, 700);
    },
  },
  {
    name: "idle GPUs free without a gate",
    changes: [{
      file: "charge_rows.ts",
      from:
        "watts: Math.max(startWattsOf(seen, settings), limitOf(seen) ?? 0),",
      to: "watts: 0,",
    }],
    caughtBy: (ledger) => {
      const leader = reigning(ledger, { ...NONE });
      const reports = [report("n1", [gpu("g1")]), report("n2", [gpu("g2")])];
      leader.stage(snapshot({ reports }));
      assert.equal(leader.last?.chargedWatts, 1400);
    },
  },
  {
    name: "a vanished pod is charged for ever",
    caughtBy: successorIsLetIn,
    changes: [{
      file: "ledger_pod.ts",
      from:
        "unseen: had.filter((one) => !nodeGpus.some(({ uuid }) => uuid === one)),",
      to:
        "unseen: had.filter((one) => entry === undefined || !nodeGpus.some(({ uuid }) => uuid === one)),",
    }],
  },
  {
    name: "a write lost to a conflict is outstanding for ever",
    caughtBy: conflictForgotten,
    changes: [{
      file: "settle.ts",
      from: `    case "done":
    case "unanswered":`,
      to: `    case "done":
    case "conflict":
    case "unanswered":`,
    }, {
      file: "settle.ts",
      from: `    case "conflict":
    case "refused":`,
      to: `    case "refused":`,
    }, {
      file: "pending.ts",
      from: "return resourceVersion !== write.resourceVersion &&",
      to: "return write.landed && resourceVersion !== write.resourceVersion &&",
    }],
  },
  {
    name: "a write without an answer is waited for, for ever",
    caughtBy: raiseLost,
    changes: [{
      file: "plan_stamps.ts",
      from: "if (!isUnstamped && !isUnheard && pod.annotated) continue;",
      to: "if (!isUnstamped && pod.annotated) continue;",
    }],
  },
  {
    name: "a leader that won the Lease anew stays stepped down",
    caughtBy: frozenMeanwhile,
    changes: [{
      file: "take_over.ts",
      from: "wonAnew(ledger.reign, lease) ? NO_REIGN : ledger.reign",
      to: "ledger.reign",
    }],
  },
  {
    name: "a bound that includes another pod's charge",
    changes: [{
      file: "seal.ts",
      from: "boundWatts: boundOf(watts, account.ownWatts(pod.uid)),",
      to: `boundWatts: boundOf(watts, Math.max(
          ...pod.reported.map(({ report }) => report.limitWatts ?? 0))),`,
    }],
    caughtBy: (ledger) => {
      const steps = reigning(ledger).stage(snapshot({
        pods: [pod("b")],
        reports: [report("n1", [gpu("g1", { on: "b", limitWatts: 600 })])],
      }));
      assert.equal(steps.at(-1), "grant b 5.1 300 300");
    },
  },
];

function reigning(
  ledger: LedgerUnderTest,
  settings: NonNullable<Leader["options"]["settings"]> = {},
): Leader {
  return Leader.reigning([target(1, 300)], { core: ledger, settings });
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`the ledger gets through ${name}`, () => scenario(core, {}));
}

for (const { name, changes = [], world = {}, caughtBy } of MUTATIONS) {
  Deno.test(`caught: ${name}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "wattkeeper-mutation-" });
    try {
      const ledger = changes.length > 0 ? await mutated(folder, changes) : core;
      if (caughtBy) {
        caughtBy(core, {});
        assert.throws(() => caughtBy(ledger, world), assert.AssertionError);
        return;
      }
      assert.throws(() => {
        for (let seed = 1; seed <= SEEDS; seed++) {
          walk({ ...world, seed, core: ledger }, STEPS);
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
