/** Any report that an agent could make. @module */

import fc from "fast-check";
import {
  ENFORCEMENT_STATES,
  GATE_STATES,
  type GpuPowerReport,
  type NodePowerReport,
  OCCUPANCIES,
} from "../../../cluster/node_power_report.ts";

const watts = fc.double({ min: 0, max: 100_000, noNaN: true });
const maybe = <T>(value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined });
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/);
const decimal = fc.integer({ min: 0, max: 999_999_999_999_999 });

const gpu: fc.Arbitrary<GpuPowerReport> = fc.record({
  uuid: fc.uuid().map((uuid) => `GPU-${uuid}`),
  index: fc.nat({ max: 127 }),
  model: fc.constantFrom("NVIDIA H200", "NVIDIA GB200"),
  minWatts: maybe(watts),
  maxWatts: maybe(watts),
  defaultWatts: maybe(watts),
  requestedWatts: maybe(watts),
  effectiveWatts: maybe(watts),
  limitWatts: maybe(watts),
  drawWatts: maybe(watts),
  powerCappedShare: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
  appliedGeneration: maybe(fc.record({ epoch: decimal, sequence: decimal })),
  occupancy: fc.constantFrom(...OCCUPANCIES),
  gate: fc.constantFrom(...GATE_STATES),
  persistenceMode: maybe(fc.boolean()),
  pod: maybe(fc.record({ namespace: name, name, uid: fc.uuid() })),
  state: fc.constantFrom(...ENFORCEMENT_STATES),
  reason: fc.string({ maxLength: 300 }),
});

/** Reports of up to eight GPUs. */
export const anyReport: fc.Arbitrary<NodePowerReport> = fc.record({
  nodeName: name,
  observedAt: fc.date({
    min: new Date("2026-01-01"),
    max: new Date("2099-01-01"),
    noInvalidDate: true,
  }),
  agentVersion: fc.constantFrom("0.1.0", "1.2.3-rc.1+abc"),
  bootId: fc.uuid(),
  driverSession: fc.stringMatching(/^[0-9a-f]{8}-[0-9]{1,4}$/),
  safeDefaultWatts: watts,
  sequence: fc.maxSafeNat(),
  gpus: fc.uniqueArray(gpu, { maxLength: 8, selector: ({ uuid }) => uuid }),
});
