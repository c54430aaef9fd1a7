/** Any inputs that a person can make on the page. @module */

import fc from "fast-check";
import {
  BACKENDS,
  BUILTIN_MODELS,
  BUILTIN_SYSTEMS,
  type Layout,
} from "../../../optimizer-wasm/portable.ts";
import {
  NUMBER_RULES,
  type NumberField,
  type PlanState,
} from "../../../web/plan/state.ts";

const rank = fc.constantFrom(1, 2, 4, 8, 16, 64, 9999);

const layout: fc.Arbitrary<Layout> = fc.record({
  tp: rank,
  pp: rank,
  dp: rank,
  moeTp: rank,
  moeEp: rank,
  cp: rank,
}, { noNullPrototype: true });

/** A number that its field takes. */
export function numberOf(field: NumberField): fc.Arbitrary<number> {
  const { least, most, whole } = NUMBER_RULES[field];
  return whole
    ? fc.integer({ min: least, max: most })
    : fc.double({ min: least, max: most, noNaN: true });
}

const optional = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.option(arbitrary, { nil: undefined });

/** The inputs; racks may hold fewer GPUs than the fleet asks for. */
export const anyState: fc.Arbitrary<PlanState> = fc.record({
  model: fc.constantFrom(...Object.keys(BUILTIN_MODELS)),
  system: fc.constantFrom(...Object.keys(BUILTIN_SYSTEMS)),
  backend: fc.constantFrom(...BACKENDS),
  version: optional(fc.constantFrom("0.22.0", "1.3.0rc15", "0.5.6.post2")),
  mode: fc.constantFrom("best", "disagg", "agg"),
  pins: fc.record({ prefill: layout, decode: layout, agg: layout }, {
    requiredKeys: [],
    noNullPrototype: true,
  }),
  totalGpus: numberOf("totalGpus"),
  watts: fc.constantFrom("budget", "racks", "none"),
  budgetWatts: numberOf("budgetWatts"),
  racks: numberOf("racks"),
  rackWatts: numberOf("rackWatts"),
  headroom: numberOf("headroom"),
  nodes: numberOf("nodes"),
  gpusPerNode: numberOf("gpusPerNode"),
  nodeOverheadWatts: numberOf("nodeOverheadWatts"),
  ttftMs: numberOf("ttftMs"),
  itlMs: numberOf("itlMs"),
  isl: numberOf("isl"),
  osl: numberOf("osl"),
  prefix: fc.constant(0),
  requestRate: optional(numberOf("requestRate")),
  objective: fc.constantFrom("throughput", "efficiency"),
  caps: fc.constantFrom("auto", "free", "own_draw", "none"),
  allowUnmeasuredCaps: fc.boolean(),
  corrections: fc.boolean(),
  simulationSeed: numberOf("simulationSeed"),
  simulationHours: optional(numberOf("simulationHours")),
  simulationResolution: fc.constantFrom("loop", "request"),
  simulationTraffic: fc.constantFrom("day", "trace"),
  traceSpeed: numberOf("traceSpeed"),
  traceCopies: numberOf("traceCopies"),
}, { noNullPrototype: true });
