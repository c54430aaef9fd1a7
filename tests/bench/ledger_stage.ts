/** CPU time of one ledger stage with 1,000 worker pods on 125 nodes. `deno run -A tests/bench/ledger_stage.ts` @module */

import process from "node:process";
import { initialLedger, stage } from "../../planner/core/mod.ts";
import {
  GATE,
  pod,
  report,
  serving,
  snapshot,
  target,
} from "../unit/planner/core/ledger/fixtures.ts";

const PODS = 1_000;
const ROUNDS = 100;
const SIDE = {
  targetReplicas: PODS / 2,
  readyReplicas: PODS / 2,
  startingReplicas: 0,
  rollout: "settled" as const,
  gpusPerReplica: 1,
};
const FLEET = snapshot({
  pods: Array.from(
    { length: PODS },
    (_, i) =>
      pod(`p${i}`, {
        grant: `5.${i + 1} 300`,
        node: `n${i >> 3}`,
        side: i % 2 === 0 ? "prefill" : "decode",
      }),
  ),
  reports: Array.from({ length: PODS / 8 }, (_, n) =>
    report(
      `n${n}`,
      Array.from({ length: 8 }, (_, g) =>
        serving(
          `g${n}-${g}`,
          `p${n * 8 + g}`,
          `5.${n * 8 + g + 1}`,
          300,
        )),
    )),
  sides: { prefill: SIDE, decode: SIDE },
  lease: { ...snapshot().lease!, budgetWatts: 400_000 },
});

for (const startMode of ["gate", "none"] as const) {
  for (
    const [what, capWatts] of [
      ["nothing to do", 300],
      ["every cap up", 390],
      ["every cap down", 250],
    ] as const
  ) {
    let { ledger, transition } = round(initialReign(), startMode, capWatts);
    for (let i = 0; i < 30; i++) {
      ({ ledger, transition } = round(ledger, startMode, capWatts));
    }
    const before = cpuMs();
    for (let i = 0; i < ROUNDS; i++) {
      ({ ledger, transition } = round(ledger, startMode, capWatts));
    }
    const each = (cpuMs() - before) / ROUNDS;
    console.log(
      `start_mode ${startMode.padEnd(4)}  ${what.padEnd(14)}  ${
        each.toFixed(1).padStart(5)
      } ms CPU a stage, ${transition.steps.length} steps`,
    );
  }
}

function initialReign() {
  return {
    ...initialLedger(),
    reign: {
      kind: "held" as const,
      epoch: 5,
      unstamped: [],
      unfenced: [],
    },
    ownBudget: { watts: 400_000, sinceMs: 0, trusted: true },
  };
}

function round(
  ledger: ReturnType<typeof initialLedger>,
  startMode: "gate" | "none",
  capWatts: number,
) {
  return stage({ ...ledger, sequence: PODS }, {
    snapshot: FLEET,
    targets: [
      target(PODS / 2, capWatts, "prefill"),
      target(PODS / 2, capWatts),
    ],
    config: { ...GATE, startMode },
    budgetWatts: 400_000,
    nowMs: 0,
  });
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
