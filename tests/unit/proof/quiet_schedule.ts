/** A schedule in which nothing goes wrong, for tests to change. @module */

import type { Schedule } from "../../../proof/mod.ts";

/** Two nodes of three GPUs, one of each side, a steady load, and a gate. */
export const QUIET: Schedule = {
  seed: 5,
  fleet: {
    mode: "disagg",
    startMode: "gate",
    capOwner: "planner",
    clamp: "exact",
    belowFloor: "shed",
    optimizer: true,
    loadScaling: false,
    advisory: false,
    nodes: 2,
    gpusPerNode: 3,
    gpusPerReplica: 1,
    podsPerReplica: 1,
    floor: 1,
    maxGpus: 4,
    budgetWatts: 1_600,
    strangers: 0,
  },
  traffic: {
    islTokens: 1_000,
    oslTokens: 100,
    rates: [{ fromMs: 0, requestsPerSecond: 6 }],
  },
  secret: { ttft: 1, itl: 1, powerPrefill: 1, powerDecode: 1 },
  answerMs: 20,
  reorderMs: 0,
  faults: [],
};
