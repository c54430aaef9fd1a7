/** Which sides and which kinds of fleet a mode has. @module */

import type { FleetMode, WorkerSide } from "./question.ts";

interface ModeKinds {
  readonly sides: readonly WorkerSide[];
  /** Each kind of fleet as the sides it needs. */
  readonly fleets: readonly (readonly WorkerSide[])[];
}

/** By mode. */
export const KINDS: Readonly<Record<FleetMode, ModeKinds>> = {
  disagg: { sides: ["prefill", "decode"], fleets: [["prefill", "decode"]] },
  agg: { sides: ["agg"], fleets: [["agg"]] },
  best: {
    sides: ["prefill", "decode", "agg"],
    fleets: [["prefill", "decode"], ["agg"]],
  },
  prefill: { sides: ["prefill"], fleets: [["prefill"]] },
  decode: { sides: ["decode"], fleets: [["decode"]] },
};
