/**
 * One way to break the product for each scenario; the scenario must turn red. `docs/scenarios.md` shows them.
 *
 * @module
 */

/** One patch, and the scenarios that must not survive it. */
export interface ScenarioMutation {
  /** What the broken product does. */
  readonly does: string;
  readonly file: string;
  /** Text that is there exactly once, and what is put in its place. */
  readonly from: string;
  readonly to: string;
  readonly kills: readonly string[];
}

const CORE = "planner/core";
const LEDGER = "planner/core/ledger";

/** Rules of the decision first, then the ledger, the agent, the loop around them. */
export const SCENARIO_MUTATIONS: readonly ScenarioMutation[] = [
  {
    does: "never probes a capped GPU (R14a)",
    file: `${CORE}/probe.ts`,
    from: "export const PROBE_FACTOR = 1.05;",
    to: "export const PROBE_FACTOR = 1;",
    kills: ["A1", "A4", "A6", "D18", "O13"],
  },
  {
    does: "lets a coefficient below 1 lower a cap (R10)",
    file: `${CORE}/cap_bridge.ts`,
    from: "? Math.max(1, powerCoefficient)",
    to: "? powerCoefficient",
    kills: ["A2", "D21", "O11"],
  },
  {
    does: "takes caps that the GPU does not take",
    file: `${CORE}/cap_bridge.ts`,
    from: "return Math.min(gpu.maxWatts, Math.max(gpu.minWatts, capWatts));",
    to: "return capWatts;",
    kills: ["B7", "B8"],
  },
  {
    does: "is blind to a broken TTFT target (R15)",
    file: `${CORE}/drift.ts`,
    from: 'if (isAbove(live.ttftMs, input.ttftMs)) found.push("ttft");',
    to: "",
    kills: ["A3", "C13", "C14", "F26"],
  },
  {
    does: "sees drift in every latency (R15)",
    file: `${CORE}/drift.ts`,
    from:
      "return value !== undefined && Number.isFinite(value) && value > limit;",
    to: "return value !== undefined && limit >= 0;",
    kills: ["C12"],
  },
  {
    does: "is blind to more throughput than was planned (R15)",
    file: `${CORE}/drift.ts`,
    from: 'found.push("throughput");',
    to: "found.length;",
    kills: ["O27"],
  },
  {
    does: "searches without an interval (R15)",
    file: `${CORE}/optimize.ts`,
    from: "nowMs - optimizer.triedAtMs >= reoptimizeIntervalMs(config);",
    to: "nowMs >= optimizer.triedAtMs;",
    kills: ["A5", "G1"],
  },
  {
    does: "forgets why it turned itself off at the start (R19 row 1)",
    file: `${CORE}/optimize.ts`,
    from: '? "infeasible_at_startup" as const',
    to: "? undefined",
    kills: ["E23"],
  },
  {
    does: "does not count exceptions (R19 row 3)",
    file: `${CORE}/optimize.ts`,
    from: '(result.kind === "failed" ? 1 : 0),',
    to: "0,",
    kills: ["E24"],
  },
  {
    does: "waits for one failure more (R19 row 2)",
    file: `${CORE}/optimize.ts`,
    from: ": consecutiveFailures >= maxConsecutiveFailures",
    to: ": consecutiveFailures > maxConsecutiveFailures",
    kills: ["E25"],
  },
  {
    does: "does not say that coefficients are held (R19 row 15)",
    file: `${CORE}/seen.ts`,
    from: "const isBlind = isFresh && !hasSignals(live) &&",
    to: "const isBlind = isFresh && live === undefined &&",
    kills: ["D17"],
  },
  {
    does: "learns no latency while power is missing (R14)",
    file: `${CORE}/coefficients.ts`,
    from: "observed: live.ttftMs,",
    to: "observed: live.drawWatts.decode && live.ttftMs,",
    kills: ["D19"],
  },
  {
    does: "does not learn (R14)",
    file: `${CORE}/coefficients.ts`,
    from: "export const SMOOTHING = 0.3;",
    to: "export const SMOOTHING = 0;",
    kills: ["O12"],
  },
  {
    does: "corrects aggregated workers by the decode coefficient (R14)",
    file: `${CORE}/coefficients.ts`,
    from: '  agg: "powerAgg",',
    to: '  agg: "powerDecode",',
    kills: ["O22"],
  },
  {
    does: "guesses how many tokens a worker batches (R18)",
    file: `${CORE}/admission.ts`,
    from: "  return least;",
    to: "  return least ?? 8192;",
    kills: ["D20"],
  },
  {
    does: "posts thresholds to the first frontend only (R18)",
    file: "planner/admission/setter.ts",
    from: "const some = pods.slice(from, from + MOST_AT_ONCE);",
    to: "const some = pods.slice(from, from + 1);",
    kills: ["B11"],
  },
  {
    does: "takes draws of any size for measurements (R19 row 15)",
    file: `${CORE}/trusted_live.ts`,
    from:
      "if (found === undefined || found >= 0 && found <= most) return found;",
    to: "if (found === undefined || most > 0) return found;",
    kills: ["O29"],
  },
  {
    does: "never goes below the own draw (R17)",
    file: `${CORE}/plan_search.ts`,
    from: 'if (serves || own.kind === "failed") return own;',
    to: "if (serves || own.kind) return own;",
    kills: ["G3"],
  },
  {
    does: "plans no more than one replica a side (R21)",
    file: `${CORE}/propose.ts`,
    from: "return Math.min(MOST_ASKED, Math.ceil(demand / perReplica));",
    to: "return Math.min(1, Math.ceil(demand / perReplica));",
    kills: ["G2"],
  },
  {
    does: "keeps a replica that nobody needs",
    file: `${CORE}/propose.ts`,
    from: "if (demand === 0) return 0;",
    to: "if (demand === 0) return 1;",
    kills: ["O19"],
  },
  {
    does: "grows a side during a rollout (P50)",
    file: `${CORE}/rollout_hold.ts`,
    from: 'return found !== undefined && found.rollout !== "settled";',
    to: 'return found !== undefined && found.rollout === "failed";',
    kills: ["O14"],
  },
  {
    does: "grows one side before the other has gone (P46)",
    file: `${CORE}/power_proposal.ts`,
    from: "if (peakWatts <= budgetWatts) return undefined;",
    to: "if (peakWatts >= 0) return undefined;",
    kills: ["O21"],
  },
  {
    does: "keeps the floors whatever the watts (R12)",
    file: `${CORE}/below_floor.ts`,
    from: "const left = reduceTo(asked, one, cost, power.budgetWatts);",
    to: "const left = asked; reduceTo(asked, one, cost, 0);",
    kills: ["O15"],
  },
  {
    does: "sheds although the floors are to be held (R12)",
    file: `${CORE}/below_floor.ts`,
    from: 'if (power.belowFloor === "hold_floor") {',
    to: "if (power.belowFloor === undefined) {",
    kills: ["O16"],
  },
  {
    does: "starts with floors that fit no budget (R12)",
    file: "planner/run.ts",
    from: "if (lowestWatts <= power.budgetWatts) return;",
    to: "if (lowestWatts >= 0) return;",
    kills: ["E22"],
  },
  {
    does: "lowers no cap after a cut (C15)",
    file: `${LEDGER}/plan_caps.ts`,
    from: "const lowers = lowersOf(state, caps);",
    to: "const lowers: ReturnType<typeof lowersOf> = [];",
    kills: ["E21", "O1", "O17", "O30"],
  },
  {
    does: "calls a cut compliant when it is sent (C16)",
    file: `${LEDGER}/stage.ts`,
    from: "chargedWatts <= Math.min(budgets.inForceWatts, budgetWatts),",
    to: "chargedWatts > -1,",
    kills: ["O20"],
  },
  {
    does: "is silent about silent nodes (C9)",
    file: `${LEDGER}/alarms.ts`,
    from: "for (const [nodeName, sinceMs] of view.silentNodes) {",
    to: "for (const [nodeName, sinceMs] of [...view.silentNodes].slice(9)) {",
    kills: ["B10", "C15", "O2", "O5"],
  },
  {
    does: "grants a pod that no report places (C3)",
    file: `${LEDGER}/stage_context.ts`,
    from:
      'if (!pod.placed || rangeOf(pod) === undefined) return "pod_not_placed";',
    to: "",
    kills: ["O4"],
  },
  {
    does: "does not believe a person who declares a node dead (C28)",
    file: `${LEDGER}/fleet_view.ts`,
    from: "const dead = new Set(snapshot.outOfServiceNodes ?? []);",
    to: "const dead = new Set<string>();",
    kills: ["O10"],
  },
  {
    does: "charges other deployments' pods to itself",
    file: `${LEDGER}/fleet_view.ts`,
    from:
      "return { pods, writes, otherPodUids: new Set(snapshot.otherPodUids ?? []) };",
    to: "return { pods, writes, otherPodUids: new Set() };",
    kills: ["O18"],
  },
  {
    does: "charges nothing for what may start without a gate (§6)",
    file: `${LEDGER}/charge_rows.ts`,
    from:
      "return seen ? defaultWatts(seen, settings.gpu) : settings.gpu.maxWatts;",
    to: "return 0;",
    kills: ["O3"],
  },
  {
    does: "acts before it has stamped what it found (C12)",
    file: `${LEDGER}/take_over.ts`,
    from: "(pod.memory.grant !== undefined || pod.memory.gated);",
    to: "pod.memory.grant === null;",
    kills: ["O8"],
  },
  {
    does: "takes no write for resolved, whatever it sees (C7)",
    file: `${LEDGER}/pending.ts`,
    from: "return resourceVersion !== write.resourceVersion &&",
    to: "return resourceVersion === write.podUid &&",
    kills: ["O24"],
  },
  {
    does: "caps a pod at more than its grant (C18)",
    file: "agent/ask.ts",
    from:
      'return { kind: "grant", watts: grant.watts, generation: grant.generation };',
    to:
      'return { kind: "grant", watts: grant.watts + 200, generation: grant.generation };',
    kills: ["C16", "O6"],
  },
  {
    does: "takes a grant that is for another pod (C18)",
    file: "agent/ask.ts",
    from: "if (grant.podUid !== pod.uid) {",
    to: 'if (grant.podUid === "") {',
    kills: ["O7"],
  },
  {
    does: "believes a set without reading it back (C19)",
    file: "simulator/cluster/node_agent.ts",
    from: "return this.#node.setLimit(gpu, watts) && gpu.limitWatts === watts;",
    to: "return this.#node.setLimit(gpu, watts);",
    kills: ["O25"],
  },
  {
    does: "patches without a precondition (C5)",
    file: "simulator/cluster/api.ts",
    from: "if (known.pod.resourceVersion !== resourceVersion) {",
    to: "if (known.pod.resourceVersion === undefined) {",
    kills: ["O26"],
  },
  {
    does: "gives up on a write that was refused",
    file: "planner/loop/refusals.ts",
    from: "const FIRST_PAUSE_MS = 1_000;",
    to: "const FIRST_PAUSE_MS = 1e9;",
    kills: ["B9"],
  },
  {
    does: "goes by the wall clock",
    file: "planner/loop/steady_time.ts",
    from: "return this.#anchorMs + this.#clock.now();",
    to: "return this.#clock.wallMs();",
    kills: ["O9"],
  },
  {
    does: "writes while it should only watch (§12)",
    file: "planner/loop/loop.ts",
    from: "if (withheld !== undefined || this.#stopping) return;",
    to: "if (this.#stopping) return;",
    kills: ["O23"],
  },
  {
    does: "does not tell that its file is broken (R2)",
    file: "planner/run_service.ts",
    from: '      case "invalid":\n        loop.faults.raise(',
    to: '      case "invalid":\n        if (nowMs < 0) loop.faults.raise(',
    kills: ["O28"],
  },
];
