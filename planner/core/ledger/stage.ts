/** The next steps of a fleet towards its targets, none of which can take the sum of limits past the budget (R41, R43). Pure. @module */

import type { SideTarget } from "../decision.ts";
import { Account } from "./account.ts";
import { findAlarms } from "./alarms.ts";
import { budgetsOf, cutOf } from "./budget_in_force.ts";
import { type FleetView, viewOf } from "./fleet_view.ts";
import type { LedgerSettings } from "./ledger_settings.ts";
import { initialLedger, type LedgerState, type Reign } from "./ledger_state.ts";
import { rememberedPods } from "./memory.ts";
import { planCaps } from "./plan_caps.ts";
import { planScale } from "./plan_scale.ts";
import { planStamps } from "./plan_stamps.ts";
import { Since } from "./since.ts";
import type { FleetSnapshot } from "./snapshot.ts";
import type { Findings, StageContext } from "./stage_context.ts";
import { sealed } from "./seal.ts";
import type { Step } from "./step.ts";
import { assumedReign, reignOf } from "./take_over.ts";
import type { Alarm, Transition } from "./transition.ts";

/** What a stage is made from. */
export interface StageInput {
  readonly snapshot: FleetSnapshot;
  /** What is to be reached: the decision's targets. */
  readonly targets: readonly SideTarget[];
  readonly config: LedgerSettings;
  /** The own configuration's budget; undefined: power awareness is off. */
  readonly budgetWatts: number | undefined;
  /** The own budget was read by a consistent GET, not from a cache (C17). */
  readonly budgetConfirmed?: boolean;
  /** Monotonic time, milliseconds. It decides how soon things move, never what is charged. */
  readonly nowMs: number;
  /**
   * Plan as a leader would who has taken over already: for `advisory`, where nothing is written and no Lease is won. Never
   * apply these steps.
   */
  readonly assumeLeader?: boolean;
}

/** A stage's answer. */
export interface Staged {
  readonly ledger: LedgerState;
  readonly transition: Transition;
}

/** Plans one batch of steps. Apply them in order with {@linkcode stepsAfter}, settle each, snapshot, stage again. */
export function stage(ledger: LedgerState, input: StageInput): Staged {
  const { snapshot, nowMs, budgetWatts } = input;
  if (budgetWatts === undefined) return stageWithoutPower(ledger, input);
  const settings = input.config;
  const view = viewOf(ledger, snapshot, nowMs);
  const account = new Account(view, settings);
  const reign = input.assumeLeader
    ? assumedReign(view, snapshot)
    : reignOf(ledger, snapshot, { view, settings });
  const budgets = budgetsOf(
    isNewClaim(ledger.reign, reign) ? undefined : ledger.ownBudget,
    {
      snapshot,
      budgetWatts,
      budgetConfirmed: input.budgetConfirmed ?? false,
      nowMs,
    },
  );
  const chargedWatts = account.watts;
  const since = new Since(ledger.since, nowMs);
  const charges = account.lines();
  const base = {
    charges,
    chargedWatts,
    budgetInForceWatts: budgets.inForceWatts,
    compliant: isComplete(reign) &&
      chargedWatts <= Math.min(budgets.inForceWatts, budgetWatts),
  };
  const cut = cutOf(ledger, {
    inForceWatts: budgets.inForceWatts,
    chargedWatts,
    nowMs,
  });
  const next: LedgerState = {
    ...ledger,
    ...cut,
    reign,
    pods: rememberedPods(view, account),
    nodes: view.nodes,
    writes: view.writes,
    ownBudget: budgets.ownBudget,
  };
  const shown = cut.cut ? { ...base, cut: cut.cut } : base;
  if (reign.kind !== "held") {
    return notLeading({ next, reign, input, budgets, shown });
  }
  const context: StageContext = {
    snapshot,
    targets: input.targets,
    settings,
    view,
    account,
    reign,
    budgetWatts: budgets.inForceWatts,
    since,
  };
  const findings: Findings = { waits: [], alarms: [] };
  findAlarms(context, findings);
  const caps = planCaps(context, findings);
  const stamps = planStamps(context, { caps, findings });
  const stamped = new Set(stamps.map(({ pod }) => pod.uid));
  const scale = planScale({
    snapshot,
    targets: input.targets,
    power: { settings, account, reign, budgetWatts: budgets.inForceWatts },
    since,
  }, findings);
  const owned = settings.capOwner === "deployment";
  const before = {
    epoch: reign.epoch,
    sequence: Math.max(
      reign.epoch === epochOf(ledger.reign) ? ledger.sequence : 0,
      newestSequence(view, reign.epoch),
    ),
    account,
  };
  const unconditional = sealed(
    owned
      ? []
      : [...stamps, ...caps.lowers.filter(({ pod }) => !stamped.has(pod.uid))],
    before,
  );
  const raises = sealed(owned ? [] : caps.grants, {
    ...before,
    sequence: unconditional.sequence,
  });
  const following = [...scale.fences, ...raises.steps, ...scale.ups];
  const lease = leaseStep(snapshot, {
    epoch: reign.epoch,
    leaseWatts: budgets.leaseWatts,
    needed: following.length > 0,
  });
  const steps: Step[] = [
    ...lease,
    ...unconditional.steps,
    ...scale.downs,
    ...following,
  ];
  return {
    ledger: {
      ...next,
      // What was only assumed must not be mistaken for a reign when writing is allowed again.
      reign: input.assumeLeader ? { kind: "none" } : reign,
      sequence: raises.sequence,
      since: since.next,
    },
    transition: {
      ...shown,
      steps,
      waits: findings.waits,
      alarms: findings.alarms,
      unreachable: caps.missingWatts > 0
        ? { missingWatts: caps.missingWatts }
        : undefined,
      settled: steps.length === 0 && findings.waits.length === 0 &&
        scale.done && view.writes.length === 0 && base.compliant &&
        caps.state.leavingWatts === 0,
    },
  };
}

/**
 * Trust in an own budget ends with the reign it was gained in (C17): a leader that was frozen while another one cut the
 * budget still holds what it read before.
 */
function isNewClaim(before: Reign, { kind }: Reign): boolean {
  return kind === "claimed" && before.kind !== "claimed";
}

/**
 * Until everything listed is stamped a write of an earlier leader may land that no charge knows of (`cap-protocol.md` §8), so
 * a new leader declares no compliance before (C12, C16).
 */
function isComplete(reign: Reign): boolean {
  return reign.kind === "held"
    ? reign.unstamped.length + reign.unfenced.length === 0
    : reign.kind !== "claimed";
}

/** A PUT of the Lease when something needs one: a batch that raises, or another budget (C4, C15, C17). */
function leaseStep(
  { lease }: FleetSnapshot,
  { epoch, leaseWatts, needed }: {
    readonly epoch: number;
    readonly leaseWatts: number;
    readonly needed: boolean;
  },
): Step[] {
  if (!lease || !(needed || lease.budgetWatts !== leaseWatts)) return [];
  return [{
    kind: "lease",
    epoch,
    budgetWatts: leaseWatts,
    resourceVersion: lease.resourceVersion,
  }];
}

/** The newest sequence of an epoch that pods carry or reports show. */
function newestSequence(view: FleetView, epoch: number): number {
  let newest = 0;
  for (const { memory: { grant } } of view.pods.values()) {
    if (grant?.generation.epoch !== epoch) continue;
    newest = Math.max(newest, grant.generation.sequence);
  }
  for (const { report: { appliedGeneration } } of view.gpus.values()) {
    if (appliedGeneration?.epoch !== epoch) continue;
    newest = Math.max(newest, appliedGeneration.sequence);
  }
  return newest;
}

function epochOf(reign: Reign): number | undefined {
  return "epoch" in reign ? reign.epoch : undefined;
}

/** Before the epoch is confirmed nothing is written but it; who does not lead forgets what he knew (C14). */
function notLeading({ next, reign, input, budgets, shown }: {
  readonly next: LedgerState;
  readonly reign: Exclude<Reign, { kind: "held" }>;
  readonly input: StageInput;
  readonly budgets: ReturnType<typeof budgetsOf>;
  readonly shown: Pick<
    Transition,
    "charges" | "chargedWatts" | "budgetInForceWatts" | "compliant" | "cut"
  >;
}): Staged {
  const { lease } = input.snapshot;
  const steps: Step[] = reign.kind === "claimed" && lease
    ? [{
      kind: "lease",
      epoch: reign.epoch,
      budgetWatts: budgets.leaseWatts,
      resourceVersion: lease.resourceVersion,
    }]
    : [];
  const alarms: Alarm[] = reign.kind === "stepped_down"
    ? [{
      kind: "step_down",
      message:
        `Epoch ${reign.foundEpoch} was found: another planner leads. Nothing is written until the Lease is won anew.`,
      nodeName: undefined,
      podName: undefined,
      gpuUuid: undefined,
      watts: undefined,
    }]
    : [];
  const key = "take_over";
  const sinceMs = next.since[key] ?? input.nowMs;
  return {
    ledger: reign.kind === "claimed"
      ? { ...next, since: { [key]: sinceMs } }
      : { ...initialLedger(), reign, ownBudget: ownBudgetOf(next, reign) },
    transition: {
      ...shown,
      steps,
      alarms,
      waits: [{
        kind: "take_over",
        podName: undefined,
        nodeName: undefined,
        gpuUuid: undefined,
        generation: undefined,
        watts: undefined,
        sinceMs,
      }],
      unreachable: undefined,
      settled: false,
    },
  };
}

/** Trust in an own budget ends with the reign (C17). */
function ownBudgetOf(
  { ownBudget }: LedgerState,
  { kind }: Reign,
): LedgerState["ownBudget"] {
  return kind === "none"
    ? undefined
    : ownBudget && { ...ownBudget, trusted: false };
}

/** Power awareness is off: replicas only, no patch, no charge. */
function stageWithoutPower(
  ledger: LedgerState,
  { snapshot, targets, nowMs, assumeLeader }: StageInput,
): Staged {
  const since = new Since(ledger.since, nowMs);
  const findings: Findings = { waits: [], alarms: [] };
  const leads = assumeLeader === true || snapshot.lease === undefined ||
    snapshot.lease.heldByUs;
  const plan = planScale(
    { snapshot, targets, power: undefined, since },
    findings,
  );
  const steps = leads ? [...plan.downs, ...plan.ups] : [];
  return {
    ledger: { ...initialLedger(), since: since.next },
    transition: {
      steps,
      waits: findings.waits,
      alarms: [],
      charges: [],
      chargedWatts: 0,
      budgetInForceWatts: Infinity,
      compliant: true,
      unreachable: undefined,
      settled: leads && plan.done,
    },
  };
}
