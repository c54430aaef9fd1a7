/** Schedules that once did not come to rest (seeds 112357, 167878, 176527 of their generator), made smaller. @module */

import assert from "node:assert/strict";
import { runSchedule, type Schedule } from "../../../../proof/mod.ts";
import { QUIET } from "../quiet_schedule.ts";

async function rests(schedule: Schedule): Promise<void> {
  const { violation } = await runSchedule(schedule);
  assert.equal(violation, undefined);
}

Deno.test("caps that are lowered without a gate while reports come late", () =>
  rests({
    ...QUIET,
    seed: 5,
    fleet: {
      ...QUIET.fleet,
      startMode: "none",
      loadScaling: true,
      nodes: 3,
      gpusPerNode: 6,
      gpusPerReplica: 2,
      floor: 2,
      maxGpus: 14,
      budgetWatts: 11_760,
    },
    traffic: {
      islTokens: 3_000,
      oslTokens: 100,
      rates: [
        { fromMs: 0, requestsPerSecond: 34.11 },
        { fromMs: 15_000, requestsPerSecond: 8.01 },
        { fromMs: 30_000, requestsPerSecond: 28.19 },
        { fromMs: 45_000, requestsPerSecond: 26.26 },
      ],
    },
    answerMs: 60,
    reorderMs: 15_000,
  }));

Deno.test("a limit that root had set before the cap is given back, whatever root has set since", () =>
  rests({
    ...QUIET,
    seed: 167_878,
    fleet: {
      ...QUIET.fleet,
      optimizer: false,
      gpusPerNode: 4,
      budgetWatts: 2_361,
    },
    reorderMs: 3_000,
    traffic: {
      islTokens: 500,
      oslTokens: 50,
      rates: [
        { fromMs: 0, requestsPerSecond: 18.14 },
        { fromMs: 30_000, requestsPerSecond: 21.67 },
        { fromMs: 60_000, requestsPerSecond: 19.5 },
        { fromMs: 90_000, requestsPerSecond: 15.54 },
      ],
    },
    faults: [
      {
        kind: "foreign_limit",
        atMs: 40_551,
        node: "n1",
        gpu: 2,
        watts: 244,
      },
      { kind: "agent_down", atMs: 47_705, durationMs: 2_000, node: "n1" },
      {
        kind: "foreign_limit",
        atMs: 51_020,
        node: "n1",
        gpu: 2,
        watts: 626,
      },
      {
        kind: "prometheus_lies",
        atMs: 108_778,
        durationMs: 13_000,
        factor: 2.69,
      },
    ],
  }));

Deno.test("two rollouts below the floors of a fleet that holds them need a person", () =>
  rests({
    ...QUIET,
    seed: 176_527,
    fleet: {
      ...QUIET.fleet,
      clamp: "compatible",
      belowFloor: "hold_floor",
      loadScaling: true,
      nodes: 1,
      maxGpus: 2,
      budgetWatts: 498,
    },
    traffic: {
      islTokens: 500,
      oslTokens: 100,
      rates: [{ fromMs: 0, requestsPerSecond: 11.2 }],
    },
    secret: { ttft: 1.25, itl: 1.36, powerPrefill: 0.8, powerDecode: 1.15 },
    answerMs: 300,
    faults: [
      { kind: "rollout", atMs: 75_420, side: "decode" },
      { kind: "budget", atMs: 80_314, watts: 393 },
      { kind: "rollout", atMs: 85_371, side: "prefill" },
    ],
  }));
