/** The policies that are simulated, as people read them. @module */

import type { PolicyName } from "../../../proof/portable.ts";

/** Ours first. */
export const POLICIES: readonly {
  readonly policy: PolicyName;
  readonly name: string;
  readonly what: string;
}[] = [
  {
    policy: "wattkeeper",
    name: "Wattkeeper",
    what: "replicas and caps by the exact search",
  },
  {
    policy: "static-clamp",
    name: "Static caps",
    what: "caps fixed, replicas clamped to the budget",
  },
  { policy: "uncapped", name: "Uncapped", what: "no caps and no budget" },
  {
    policy: "greedy-decode-first",
    name: "Decode first",
    what: "as many decode replicas as the watts allow",
  },
];
