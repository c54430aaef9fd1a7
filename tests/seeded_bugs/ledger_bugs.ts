/** Bugs in the planner's ledger and in the fleet's client. @module */

import type { SeededBug } from "./seeded_bug.ts";

const LEDGER = "planner/core/ledger";

/** The planner's ledger and the fleet's client. */
export const LEDGER_BUGS: readonly SeededBug[] = [
  // ── Ledger and transitions (`cap-protocol.md` §10) ──
  {
    name: "raise before the lower is confirmed",
    rule: "C1",
    changes: [{
      file: `${LEDGER}/charge_rows.ts`,
      from: "watts: Math.max(grant.watts, grant.boundWatts, openLimit),",
      to: "watts: grant.watts,",
    }],
  },
  {
    name: "charge the report, ignore larger outstanding grants",
    rule: "§5",
    changes: [{
      file: `${LEDGER}/charge_rows.ts`,
      from: "watts: Math.max(grant.watts, grant.boundWatts, openLimit),",
      to: "watts: openLimit,",
    }],
  },
  {
    name: "no bound",
    rule: "C6",
    changes: [{
      file: `${LEDGER}/seal.ts`,
      from: "return watts === 0 ? 0 : Math.max(ownWatts, watts);",
      to: "return watts;",
    }],
  },
  {
    name: "act before stamping",
    rule: "C13",
    // Stamps come first in a batch, and one that fails ends it: only both rules together can be broken.
    changes: [{
      file: `${LEDGER}/stage_context.ts`,
      from: "!snapshot.consistent || reign.unstamped.length > 0",
      to: "!snapshot.consistent",
    }, {
      file: `${LEDGER}/stage.ts`,
      from: `    ...unconditional.steps,
    ...scale.downs,
    ...following,`,
      to: `    ...following,
    ...scale.downs,
    ...unconditional.steps,`,
    }],
  },
  {
    name: "compliance is declared before stamping",
    rule: "C12",
    changes: [{
      file: `${LEDGER}/stage.ts`,
      from: "reign.unstamped.length + reign.unfenced.length === 0",
      to: "reign.epoch > 0",
    }, {
      file: `${LEDGER}/stage.ts`,
      from: ': reign.kind !== "claimed";',
      to: ': reign.kind !== "stepped_down";',
    }],
  },
  {
    name: "no stamps at all",
    rule: "C12",
    changes: [{
      file: `${LEDGER}/take_over.ts`,
      from: "(pod.memory.grant !== undefined || pod.memory.gated)",
      to: "pod.uid === ''",
    }],
  },
  {
    name: "empty ledger at take-over",
    rule: "C14",
    changes: [{
      file: `${LEDGER}/stage.ts`,
      from: "const account = new Account(view, settings);",
      to: `const mine = new Map([...view.pods].filter(([, { memory }]) =>
    memory.grant?.generation.epoch === epochOf(ledger.reign)));
  const account = new Account({ ...view, pods: mine, gpus: new Map(
    [...view.gpus].filter(([, { report }]) => mine.has(report.pod?.uid ?? ""))),
  }, settings);`,
    }],
  },
  {
    name: "write over a higher epoch",
    rule: "C5",
    changes: [{
      file: `${LEDGER}/take_over.ts`,
      from: "if (highest <= reign.epoch) return",
      to: "if (highest > 0) return",
    }],
  },
  {
    name: "a leader that won the Lease anew while frozen stays stepped down",
    rule: "C11",
    changes: [{
      file: `${LEDGER}/take_over.ts`,
      from:
        "const reign = wonAnew(ledger.reign, lease) ? NO_REIGN : ledger.reign;",
      to: "const reign = ledger.reign;",
    }],
  },
  {
    name: "own larger budget at take-over",
    rule: "C17",
    changes: [{
      file: `${LEDGER}/budget_in_force.ts`,
      from: "leaseWatts: larger && !trusted ? lease : budgetWatts,",
      to: "leaseWatts: lease ?? budgetWatts,",
    }],
  },
  {
    name: "a budget in force is the configuration's, whatever the Lease says",
    rule: "C17",
    changes: [{
      file: `${LEDGER}/budget_in_force.ts`,
      from: ": Math.min(budgetWatts, lease);",
      to: ": Math.max(budgetWatts, lease);",
    }],
  },
  {
    name: "compare sequences without epochs",
    rule: "§2",
    changes: [{
      file: "cluster/generation.ts",
      from: "return a.epoch - b.epoch || a.sequence - b.sequence;",
      to: "return a.sequence - b.sequence;",
    }],
  },
  {
    name: "charge 0 for a grant that no report shows",
    rule: "§5",
    changes: [{
      file: `${LEDGER}/charge_rows.ts`,
      from: 'return { watts: granted, because: "granted, no report" };',
      to: 'return { watts: 0, because: "granted, no report" };',
    }],
  },
  {
    name: "terminating is free",
    rule: "C8",
    changes: [{
      file: `${LEDGER}/charge_rows.ts`,
      from: "if (!pod.present) return vanishedRow(pod, seen, settings);",
      to: `if (pod.memory.terminating) return { watts: 0, because: "" };
  if (!pod.present) return vanishedRow(pod, seen, settings);`,
    }],
  },
  {
    name: "vanished is free",
    rule: "C8",
    changes: [{
      file: `${LEDGER}/fleet_view.ts`,
      from: "if (stillCharged(pod)) pods.set(uid, pod);",
      to: "if (uid === '') pods.set(uid, pod);",
    }, {
      file: `${LEDGER}/charge_rows.ts`,
      from: 'if (occupancy === "pod" || occupancy === "unknown") {',
      to: 'if (occupancy === "unknown" && pod === null) {',
    }],
  },
  {
    name: "a write without an answer is not charged",
    rule: "C7",
    changes: [{
      file: `${LEDGER}/charge_rows.ts`,
      from: "return pod.pending && pod.pending.watts > row.watts",
      to: "return pod.pending && pod.uid === ''",
    }],
  },
  {
    name: "a write without an answer is waited for, for ever",
    rule: "C7",
    changes: [{
      file: `${LEDGER}/plan_stamps.ts`,
      from: "if (!isUnstamped && !isUnheard && pod.annotated) continue;",
      to: "if (!isUnstamped && pod.annotated) continue;",
    }],
  },
  {
    name: "compliance when sent",
    rule: "C16",
    changes: [{
      file: `${LEDGER}/stage.ts`,
      from: "chargedWatts <= Math.min(budgets.inForceWatts, budgetWatts),",
      to: "chargedWatts > -1,",
    }],
  },
  {
    name: "count a request below the device's minimum",
    rule: "C3",
    changes: [{
      file: `${LEDGER}/wanted_caps.ts`,
      from: "Math.max(Math.floor(capWatts), minWatts)",
      to: "Math.floor(capWatts) - 100",
    }],
  },
  {
    name: "raise without looking whether there is room",
    rule: "C2",
    changes: [{
      file: `${LEDGER}/plan_caps.ts`,
      from: "if (hasRoom(patch, context)) {",
      to: "if (watts > 0) {",
    }],
  },
  {
    name: "two grants of one batch count the same room",
    rule: "C2",
    changes: [{
      file: `${LEDGER}/plan_caps.ts`,
      from: `      account.charge(patch.pod, patch.watts);
      grants.push(patch);`,
      to: "      grants.push(patch);",
    }],
  },
  {
    name: "a vanished pod is charged for ever",
    rule: "§10",
    changes: [{
      file: `${LEDGER}/ledger_pod.ts`,
      from:
        "unseen: had.filter((one) => !nodeGpus.some(({ uuid }) => uuid === one)),",
      to:
        "unseen: had.filter((one) => entry === undefined || !nodeGpus.some(({ uuid }) => uuid === one)),",
    }],
  },
  {
    name: "annotations that a stranger has changed are left",
    rule: "§7",
    changes: [{
      file: `${LEDGER}/ledger_pod.ts`,
      from: "annotated: entry === undefined || grant === undefined ||",
      to: "annotated: true || entry === undefined || grant === undefined ||",
    }],
  },
  {
    name: "a replica counts as whole while a pod of it waits",
    rule: "R43",
    changes: [{
      file: `${LEDGER}/fleet_state.ts`,
      from:
        "[...all.keys()].filter((replica) => !waiting.get(side)?.has(replica))",
      to: "[...all.keys()]",
    }],
  },
  {
    name: "other pods' GPUs are charged",
    rule: "C10",
    changes: [{
      file: `${LEDGER}/account.ts`,
      from: "if (uid !== undefined && view.otherPodUids.has(uid)) return;",
      to: "",
    }],
  },
  {
    name: "a node that a person has declared dead stays charged",
    rule: "C28",
    changes: [{
      file: `${LEDGER}/fleet_view.ts`,
      from: "const dead = new Set(snapshot.outOfServiceNodes ?? []);",
      to: "const dead = new Set<string>();",
    }],
  },
  // ── The fleet's client ──
  {
    name: "patch without precondition",
    rule: "C5",
    changes: [{
      file: "simulator/cluster/api.ts",
      from: "if (known.pod.resourceVersion !== resourceVersion) {",
      to: "if (known.pod.resourceVersion === '') {",
    }],
  },
  {
    name: "cached reports at take-over",
    rule: "C11",
    changes: [{
      file: "planner/fleets/simulated/simulated_fleet.ts",
      from: `    if (this.#view) this.#world.unwatch(this.#view);
    this.#view = this.#world.watch(this.#holder);
    this.#consistent = true;`,
      to: `    this.#view ??= this.#world.watch(this.#holder);
    this.#consistent = true;`,
    }],
  },
  {
    name: "limit annotation without its grant",
    rule: "C5",
    changes: [{
      file: "simulator/cluster/api.ts",
      from: "powerGrant: formatGrant(grant),",
      to: "powerGrant: known.pod.powerGrant ?? formatGrant(grant),",
    }],
  },
];
