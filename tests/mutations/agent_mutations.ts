/**
 * Breaks the agent on purpose, one rule at a time, and sees that a test turns red.
 *
 * `deno run -A tests/mutations/main.ts` works on a copy of the tree; `docs/agent-mutations.md` is its table.
 *
 * @module
 */

/** One way to break the agent. */
export interface Mutation {
  /** The rule that is broken. */
  readonly rule: string;
  /** What the broken agent does. */
  readonly does: string;
  readonly file: string;
  /** Text that is there exactly once, and what is put in its place. */
  readonly from: string;
  readonly to: string;
  /** Test file that must turn red. */
  readonly test: string;
}

const UNIT = "tests/unit/agent";
const POLICY = `${UNIT}/policy_test.ts`;
const PASSES = `${UNIT}/reconciler_test.ts`;
const GATE = `${UNIT}/gate_ledger_test.ts`;
const STATE = `${UNIT}/state_test.ts`;
const LOOP = `${UNIT}/agent_test.ts`;
const BINDERS = "tests/integration/agent/nvml_binders_test.ts";
const OWNERSHIP = `${UNIT}/identity/ownership_test.ts`;
const PROCESSES = `${UNIT}/identity/process_table_test.ts`;
const SOCKET = "tests/integration/agent/gate/server_test.ts";

/** The agent's part of `cap-protocol.md` §10 first, then the rest of its rules. */
export const MUTATIONS: readonly Mutation[] = [
  {
    rule: "C18",
    does: "applies an older generation",
    file: "agent/ask.ts",
    from: "if (order < 0) {",
    to: "if (order < -1e9) {",
    test: POLICY,
  },
  {
    rule: "§2",
    does: "compares sequences without epochs",
    file: "cluster/generation.ts",
    from: "return a.epoch - b.epoch || a.sequence - b.sequence;",
    to: "return a.sequence - b.sequence;",
    test: POLICY,
  },
  {
    rule: "C18",
    does: "follows a limit annotation without its grant",
    file: "agent/ask.ts",
    from: "pod.powerGrant === undefined && (pod.gated || known?.generation)",
    to: "pod.powerGrant === undefined && pod.uid === ''",
    test: POLICY,
  },
  {
    rule: "C18",
    does: "applies a grant for another pod UID",
    file: "agent/ask.ts",
    from: "if (grant.podUid !== pod.uid) {",
    to: "if (grant.podUid === '') {",
    test: POLICY,
  },
  {
    rule: "C18",
    does: "applies a grant whose two annotations disagree",
    file: "agent/ask.ts",
    from: "if (parsePowerLimit(pod.powerLimit) !== grant.watts) {",
    to: "if (parsePowerLimit(pod.powerLimit) === undefined) {",
    test: POLICY,
  },
  {
    rule: "C18",
    does: "takes processes for the kubelet's word",
    file: "agent/ask.ts",
    from: 'if (placed === "processes") {',
    to: 'if (placed === "processes" && pod.uid === "") {',
    test: POLICY,
  },
  {
    rule: "C19",
    does: "reports applied before the record is durable",
    file: "agent/enforce.ts",
    from: "if (!recorded) {",
    to: "if (!recorded && uuid === '') {",
    test: PASSES,
  },
  {
    rule: "C19",
    does: "believes a set without reading it back",
    file: "agent/enforce.ts",
    from: "if (!accepts(watts, read.value.managementWatts)) {",
    to: "if (!accepts(watts, watts)) {",
    test: PASSES,
  },
  {
    rule: "C19",
    does: "records a write that the device refused",
    file: "agent/enforce.ts",
    from:
      "return failure(written.limits ?? limits, written.reason, true);\n    }\n    after",
    to:
      "if (!written.limits) return failure(limits, '', true);\n    }\n    after",
    test: PASSES,
  },
  {
    rule: "0101",
    does: "sets a limit that nothing on the disk announces",
    file: "agent/enforce.ts",
    from: "if (!intended && !(entry && lowering)) {",
    to: "if (!intended && uuid === '') {",
    test: PASSES,
  },
  {
    rule: "R40",
    does: "reports the request, not the read-back",
    file: "agent/report.ts",
    from: "limitWatts: limitWattsOf(outcome),",
    to:
      "limitWatts: 'watts' in decision ? decision.watts : limitWattsOf(outcome),",
    test: `${UNIT}/report_test.ts`,
  },
  {
    rule: "R40",
    does: "confirms a generation whose limit cannot be read",
    file: "agent/report.ts",
    from: "const confirmed = limits !== undefined;",
    to: "const confirmed = limits !== null;",
    test: `${UNIT}/report_test.ts`,
  },
  {
    rule: "C20",
    does: "trusts the record after a reboot",
    file: "agent/enforce.ts",
    from: "if (sameWatts(now, held.watts)) {",
    to:
      "if (sameWatts(now, held.watts) || applied && applied.bootId !== on.bootId) {",
    test: PASSES,
  },
  {
    rule: "C20",
    does: "does not look every second",
    file: "agent/agent.ts",
    from: "if (await this.options.reconciler.check()) passAtMs = clock.now();",
    to: "await this.options.reconciler.check();",
    test: LOOP,
  },
  {
    rule: "C21",
    does: "opens the gate without read-back",
    file: "agent/gate_ledger.ts",
    from: "if (limitWatts === undefined || limitWatts > owner.watts) {",
    to: "if (limitWatts === undefined) {",
    test: GATE,
  },
  {
    rule: "C21",
    does: "opens the gate on what the pass read, not on what is read now",
    file: "agent/gate_ledger.ts",
    from: 'const now = await nvml.limits(status.identity.uuid, "moving");',
    to: "const now = { ok: true as const, value: status.outcome.limits! };",
    test: GATE,
  },
  {
    rule: "C21",
    does: "opens the gate on a cap without a grant",
    file: "agent/gate_ledger.ts",
    from: "if (!owner?.generation || owner.watts <= 0) {",
    to: "if (!owner || owner.watts <= 0) {",
    test: GATE,
  },
  {
    rule: "C21",
    does: "opens the gate once for all starts of a pod",
    file: "agent/gate_ledger.ts",
    from:
      "// The pass may have written; what counts is what the device says now.",
    to:
      "if (owner.openedBoot !== undefined) { owners.push(owner); opened.push({ uuid: status.identity.uuid, grantedWatts: owner.watts, limitWatts: owner.watts }); continue; }",
    test: GATE,
  },
  {
    rule: "C21",
    does: "opens the gate when one of two GPUs is under its grant",
    file: "agent/gate_ledger.ts",
    from:
      'if (elsewhere !== undefined) return wait("gpus_unknown", elsewhere);',
    to: "",
    test: GATE,
  },
  {
    rule: "C21",
    does: "opens the gate before the opening is durable",
    file: "agent/gate_ledger.ts",
    from: "if (!done) return false;",
    to: "",
    test: GATE,
  },
  {
    rule: "C21",
    does: "lets a terminating pod start",
    file: "agent/gate_ledger.ts",
    from: "if (pod?.terminating) {",
    to: "if (pod?.terminating && podUid === '') {",
    test: GATE,
  },
  {
    rule: "C21",
    does: "sends an opening to a PID that has become another pod's",
    file: "agent/gate/connection.ts",
    from: 'if (now.kind !== "caller" || now.caller.podUid !== caller.podUid) {',
    to: 'if (now.kind !== "caller") {',
    test: SOCKET,
  },
  {
    rule: "C22",
    does: "writes after a lost record before a consistent LIST",
    file: "agent/policy.ts",
    from: "if (!situation.recordIntact && !situation.view.consistent) {",
    to: "if (situation.uuid === '') {",
    test: POLICY,
  },
  {
    rule: "C23",
    does: "releases on unknown",
    file: "agent/free.ts",
    from:
      'if (attribution.kind === "unknown" || ownership.allocation === "silent") {',
    to: "if (ownership.pids === null) {",
    test: POLICY,
  },
  {
    rule: "C23",
    does: "reports free on unknown",
    file: "agent/policy.ts",
    from: "pod: lastPod(situation.entry) ?? situation.hint,",
    to:
      "pod: lastPod(situation.entry) ?? situation.hint, ...{ occupancy: 'free' as const },",
    test: POLICY,
  },
  {
    rule: "C23",
    does: "raises a limit under an unknown owner",
    file: "agent/policy.ts",
    from: '{ kind: "keep", watts, mayRaise: false, ...base };',
    to: '{ kind: "keep", watts, mayRaise: true, ...base };',
    test: POLICY,
  },
  {
    rule: "C24",
    does: "takes a terminating pod for gone while a process is left",
    file: "agent/free.ts",
    from: 'if (departing.get(uid) !== "gone") return false;',
    to: "",
    test: POLICY,
  },
  {
    rule: "C24",
    does: "takes a vanished pod for gone while the view is stale",
    file: "agent/free.ts",
    from:
      'if (view.freshness.kind !== "fresh" || !view.consistent) return false;',
    to: "",
    test: POLICY,
  },
  {
    rule: "C24",
    does: "does not wait 5 s",
    file: "agent/reconciler.ts",
    from: "vacatedLongEnough: nowMs - since >= RELEASE_GRACE_MS,",
    to: "vacatedLongEnough: true,",
    test: PASSES,
  },
  {
    rule: "C26",
    does: "lets the report of a lower wait",
    file: "agent/publisher.ts",
    from: "this.#urgent ||= urgent;",
    to: "",
    test: LOOP,
  },
  {
    rule: "C27",
    does: "gives a shared GPU its highest cap",
    file: "agent/policy.ts",
    from: ": Math.min(...valid, config.safeDefaultWatts);",
    to: ": Math.max(...valid, config.safeDefaultWatts);",
    test: POLICY,
  },
  {
    rule: "§9",
    does: "raises by the safe default",
    file: "agent/policy.ts",
    from: "situation.limits?.managementWatts ?? Infinity,",
    to: "Infinity,",
    test: POLICY,
  },
  {
    rule: "§9",
    does: "writes although the range is not known",
    file: "agent/policy.ts",
    from: "if (min === undefined || max === undefined || min > max) {",
    to: "if (min === null || max === null) {",
    test: POLICY,
  },
  {
    rule: "§9",
    does: "writes by a range that was read some passes ago",
    file: "agent/enforce.ts",
    from: "if (unfit !== undefined) return failure(limits, unfit);",
    to: "",
    test: PASSES,
  },
  {
    rule: "§9",
    does: "takes back a limit that somebody else has set since",
    file: "agent/enforce.ts",
    from:
      "const foreign = !decision.ours.some((ours) => sameWatts(ours, now));",
    to: "const foreign = false;",
    test: PASSES,
  },
  {
    rule: "§9",
    does: "raises before it lowers",
    file: "agent/reconciler.ts",
    from: "for (const turn of [false, true]) {",
    to: "for (const turn of [true, false]) {",
    test: PASSES,
  },
  {
    rule: "§9",
    does: "fights another writer in a loop",
    file: "agent/drift.ts",
    from: "if (last !== undefined && nowMs - last < pauseMs) return false;",
    to: "",
    test: PASSES,
  },
  {
    rule: "§9",
    does: "writes on every pass",
    file: "agent/enforce.ts",
    from: "if (entry?.applied && isRecorded(entry, decision, on.bootId)) {",
    to: "if (entry?.applied && task.uuid === '') {",
    test: PASSES,
  },
  {
    rule: "§9",
    does: "erases a damaged record",
    file: "agent/state.ts",
    from: "await files.rename(name, `${name}.quarantine-${n}`);",
    to: "await files.remove(name);",
    test: STATE,
  },
  {
    rule: "§9",
    does: "believes a record with a wrong checksum",
    file: "agent/state_codec.ts",
    from: "if (head.sha256 !== await sha256(body)) {",
    to: "if (head.sha256 === undefined) {",
    test: STATE,
  },
  {
    rule: "§9",
    does: "puts the new record in place before the old one is kept",
    file: "agent/state.ts",
    from: "await this.files.rename(CURRENT, PREVIOUS);",
    to: "await this.files.remove(PREVIOUS);",
    test: STATE,
  },
  {
    rule: "C19",
    does: "reuses report sequences after a crash",
    file: "agent/state.ts",
    from: "if (!written) return undefined;",
    to: "",
    test: STATE,
  },
  {
    rule: "C19",
    does: "forgets the sequence of the last report with the record",
    file: "agent/state.ts",
    from: "this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);",
    to: "",
    test: STATE,
  },
  {
    rule: "§9",
    does: "sets the limit of whatever GPU has the handle now",
    file: "agent/nvml/device.ts",
    from: "if (now.value !== uuid) {",
    to: "if (now.value === '') {",
    test: BINDERS,
  },
  {
    rule: "§9",
    does: "calls a hung GPU again",
    file: "agent/nvml/lanes.ts",
    from: "if (lane.hung) {",
    to: "if (lane.hung && key === '') {",
    test: BINDERS,
  },
  {
    rule: "§9",
    does: "keeps the old session after a driver reload",
    file: "agent/nvml/native.ts",
    from: "SESSION_LOST_CODES.has(error.code);",
    to: "SESSION_LOST_CODES.has(-1);",
    test: BINDERS,
  },
  {
    rule: "0153",
    does: "believes a process that is younger than NVML's answer",
    file: "agent/identity/ownership.ts",
    from:
      "return uptimeTicks - reading.startTicks < YOUNG_SECONDS * TICKS_PER_SECOND",
    to: "return uptimeTicks - reading.startTicks < 0",
    test: OWNERSHIP,
  },
  {
    rule: "0153",
    does: "takes a process that cannot be read for one outside pods",
    file: "agent/identity/ownership.ts",
    from: 'if (reading.kind === "unknown") return reading.reason;',
    to: "",
    test: OWNERSHIP,
  },
  {
    rule: "0153",
    does: "takes a reused PID for the process it was",
    file: "agent/identity/process_table.ts",
    from: "known?.reading.startTicks === startTicks && known.left > 0 &&",
    to: "known && known.left > 0 &&",
    test: PROCESSES,
  },
  {
    rule: "0105",
    does: "takes a kept process that has ended for one that lives",
    file: "agent/identity/living.ts",
    from: "this.drop(pid);\n      return false;",
    to: "return true;",
    test: PROCESSES,
  },
  {
    rule: "0105",
    does: "keeps a file that can be replaced for a process",
    file: "agent/identity/living.ts",
    from: "file.statSync().size === 0 &&",
    to: "",
    test: PROCESSES,
  },
  {
    rule: "0105",
    does: "believes the enforced limit of before a write",
    file: "agent/nvml/device.ts",
    from: "this.#enforcedDueMs = -Infinity;",
    to: "",
    test: BINDERS,
  },
  {
    rule: "0101",
    does: "sets a cap without an intent on the disk",
    file: "agent/enforce.ts",
    from: 'intent: { kind: "cap", watts, owners },',
    to: "",
    test: `${UNIT}/crash_test.ts`,
  },
  {
    rule: "0101",
    does: "gives a GPU back without an intent on the disk",
    file: "agent/enforce.ts",
    from: 'intent: { kind: "release", watts: target, owners: [] },',
    to: "",
    test: `${UNIT}/crash_test.ts`,
  },
  {
    rule: "C18",
    does: "forgets the generation when watts stay the same",
    file: "agent/enforce.ts",
    from: "return [owner.uid, owner.watts, owner.generation, owner.gated];",
    to: "return [owner.uid, owner.watts, owner.gated];",
    test: `${UNIT}/crash_test.ts`,
  },
];
