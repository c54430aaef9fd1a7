/** Bugs that are built in on purpose, one at a time; random schedules must find each of them. @module */

/** One change of one source file; the words must be there, exactly once. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** One bug. */
export interface SeededBug {
  readonly name: string;
  /** Where its rule stands. */
  readonly rule: string;
  readonly changes: readonly Change[];
}

const LEDGER = "planner/core/ledger";

/** The planner's ledger, the agent's rules, the core, the loop, and the fleet's client. */
export const SEEDED_BUGS: readonly SeededBug[] = [
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
    changes: [{
      file: `${LEDGER}/stage_context.ts`,
      from: "!snapshot.consistent || reign.unstamped.length > 0",
      to: "!snapshot.consistent",
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
      from:
        "compliant: chargedWatts <= Math.min(budgets.inForceWatts, budgetWatts),",
      to: "compliant: true,",
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
      from: "unseen: had.filter((uuid) => !there.has(uuid)),",
      to:
        "unseen: had.filter((uuid) => entry === undefined || !there.has(uuid)),",
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
    this.#view = this.#world.watch();
    this.#consistent = true;`,
      to: `    this.#view ??= this.#world.watch();
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
    name: "gate: open whatever boot it was opened in",
    rule: "C20",
    changes: [{
      file: "agent/gate_state.ts",
      from: 'return opened || running ? "open" : "waiting";',
      to: 'return "waiting";',
    }],
  },
  {
    name: "gate: open on a cap without a grant",
    rule: "C21",
    changes: [{
      file: "simulator/cluster/node_agent.ts",
      from: "return owner?.generation !== undefined && owner.watts > 0 &&",
      to: "return owner !== undefined || gpu.limitWatts < 700 ||",
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
    changes: [{
      file: "planner/core/boundary.ts",
      from: "const fitting = withinGpus(raised, budget);",
      to: "const fitting = raised;",
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
