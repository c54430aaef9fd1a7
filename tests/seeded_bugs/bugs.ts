/** Bugs that are built in on purpose, one at a time; random schedules must find each of them. @module */

import { LEDGER_BUGS } from "./ledger_bugs.ts";
import type { SeededBug } from "./seeded_bug.ts";

export type { Change, SeededBug } from "./seeded_bug.ts";

/** The planner's ledger, the agent's rules, the core, the loop, and the fleet's client. */
export const SEEDED_BUGS: readonly SeededBug[] = [
  ...LEDGER_BUGS,
  // ── The agent's rules ──
  {
    name: "agent applies an older generation",
    rule: "C18",
    changes: [{
      file: "agent/ask.ts",
      from: "if (order < 0) {",
      to: "if (order < -1e9) {",
    }],
  },
  {
    name: "agent follows a limit without its grant",
    rule: "C18",
    changes: [{
      file: "agent/ask.ts",
      from: "if (parsePowerLimit(pod.powerLimit) !== grant.watts) {",
      to: "if (parsePowerLimit(pod.powerLimit) === undefined) {",
    }, {
      file: "agent/ask.ts",
      from: 'return { kind: "grant", watts: grant.watts,',
      to:
        'return { kind: "grant", watts: parsePowerLimit(pod.powerLimit) ?? grant.watts,',
    }, {
      file: "agent/ask.ts",
      from: "if (order === 0) {",
      to:
        "if (order === 0 && known.watts === parsePowerLimit(pod.powerLimit)) {",
    }],
  },
  {
    name: "lost record plus stale LIST",
    rule: "C22",
    changes: [{
      file: "agent/policy.ts",
      from: "if (!situation.recordIntact && !situation.view.consistent) {",
      to: "if (situation.uuid === '') {",
    }],
  },
  {
    name: "release on unknown",
    rule: "C23",
    changes: [{
      file: "agent/free.ts",
      from: 'if (departing.get(uid) !== "gone") return false;',
      to: "",
    }, {
      file: "agent/free.ts",
      from: "if (present.some((one) => one.uid === uid)) return false;",
      to: "",
    }],
  },
  {
    name: "report free while the last owner is there",
    rule: "C24",
    changes: [{
      file: "agent/policy.ts",
      from:
        `  if (attribution.kind !== "pods") return vacant(situation, config);`,
      to: `  if (attribution.kind !== "pods") return vacant(situation, config);
  if (situation.pods.get(attribution.pods[0]?.uid ?? "")?.terminating) {
    return { kind: "untouched", occupancy: "free", pod: undefined, requestedWatts: undefined, reason: "", notes: [] };
  }`,
    }],
  },
  {
    name: "an idle GPU is never given back",
    rule: "C24",
    changes: [{
      file: "agent/policy.ts",
      from: "if (situation.vacatedLongEnough) return release(situation, base);",
      to: "",
    }],
  },
  {
    name: "a release goes to the greatest cap of ours",
    rule: "§9",
    changes: [{
      file: "agent/policy.ts",
      from: "return entry.beforeWatts ?? defaultWatts;",
      to: "return entry.applied?.watts ?? defaultWatts;",
    }],
  },
  {
    name: "a pod that never asked is capped",
    rule: "§9",
    changes: [{
      file: "agent/ask.ts",
      from: 'return { kind: "bystander" };',
      to: 'return { kind: "annotation", watts: 490 };',
    }],
  },
  {
    name: "a watched cap that was raised is left",
    rule: "C20",
    changes: [{
      file: "agent/policy.ts",
      from: "watts: heldWatts(entry)!,",
      to: "watts: Math.max(heldWatts(entry)!, 700),",
    }],
  },
  {
    name: "gate: reported as waiting while its pod runs",
    rule: "R40",
    changes: [{
      file: "agent/gate_state.ts",
      from: 'return opened || running ? "open" : "waiting";',
      to: 'return "waiting";',
    }],
  },
  {
    name: "gate: open whatever boot it was opened in",
    rule: "C20",
    changes: [{
      file: "agent/gate_state.ts",
      from: "const opened = owner?.openedBoot === bootId;",
      to: "const opened = owner?.openedBoot !== undefined;",
    }],
  },
  {
    name: "gate: open on a cap without a grant",
    rule: "C21",
    changes: [{
      file: "simulator/cluster/node_agent.ts",
      from: "return owner?.generation !== undefined && owner.watts > 0 &&",
      to:
        "return gpu.limitWatts < 700 || owner?.generation !== undefined && owner.watts > 0 &&",
    }],
  },
  {
    name: "gate: open without read-back",
    rule: "C21",
    changes: [{
      file: "simulator/cluster/node_agent.ts",
      from: "gpu.limitWatts <= owner.watts;",
      to: "gpu.limitWatts > 0;",
    }],
  },
  {
    name: "gate: at the pod's first start only",
    rule: "C21",
    changes: [{
      file: "simulator/cluster/node.ts",
      from: "      if (!gated) this.running.add(uid);",
      to: "      if (uid !== '') this.running.add(uid);",
    }],
  },
  {
    name: "report the request, not the read-back",
    rule: "R40",
    changes: [{
      file: "simulator/cluster/node_report.ts",
      from: "    limitWatts: gpu.limitWatts,",
      to:
        '    limitWatts: "watts" in decision ? decision.watts : gpu.limitWatts,',
    }],
  },
  {
    name: "record a write that the device refused",
    rule: "C19",
    changes: [{
      file: "simulator/cluster/node_agent.ts",
      from: "    if (!done) {\n      // What",
      to: "    if (!done && watts < 0) {\n      // What",
    }],
  },
  {
    name: "a limit that the device left at a release is forgotten",
    rule: "§9",
    changes: [{
      file: "simulator/cluster/node_agent.ts",
      from: "const left = gpu.limitWatts;",
      to: "const left = watts;",
    }],
  },
  // ── The core ──
  {
    name: "replicas beyond the power budget",
    rule: "R12",
    changes: [{
      file: "planner/core/within_watts.ts",
      from:
        "if (askedWatts <= power.budgetWatts) return { targets, reasons: [] };",
      to: "if (askedWatts > 0) return { targets, reasons: [] };",
    }],
  },
  {
    name: "replicas beyond the GPU budget",
    rule: "R12",
    // Proposals and the border to the fleet both keep it: only the rule itself can be broken.
    changes: [{
      file: "planner/core/gpu_budget.ts",
      from: "gpusOf(asked, budget.gpusPerReplica) <= budget.maxGpus",
      to: "gpusOf(asked, budget.gpusPerReplica) >= 0",
    }],
  },
  {
    name: "a number that is none is believed",
    rule: "R19",
    changes: [{
      file: "planner/core/observation.ts",
      from: "if (found >= least && found <= most) return found;",
      to: "if (!(found < least)) return found;",
    }],
  },
  {
    name: "targets below the floor",
    rule: "R1",
    changes: [{
      file: "planner/core/throughput.ts",
      from: "  return Math.max(floor, ceiling);",
      to: "  return Math.max(0, ceiling - 1);",
    }],
  },
  {
    name: "advisory mode that writes",
    rule: "R1",
    changes: [{
      file: "planner/loop/loop.ts",
      from: "if (withheld !== undefined || this.#stopping) return;",
      to: "if (this.#stopping) return;",
    }],
  },
  {
    name: "one late answer ends the loop's looking",
    rule: "R20",
    changes: [{
      file: "planner/loop/apply_steps.ts",
      from:
        `    const answer = applied(fleet, step, cancel.signal).finally(() => {
      this.#inFlight.delete(key);`,
      to:
        `    const answer = applied(fleet, step, cancel.signal).finally(() => {`,
    }],
  },
  {
    name: "raises go on after a conflict in their batch",
    rule: "C4",
    changes: [{
      file: "planner/loop/apply_steps.ts",
      from: "broken && !alwaysSafe(step) ? undefined : this.#send(step)",
      to: "this.#send(step)",
    }],
  },
];
