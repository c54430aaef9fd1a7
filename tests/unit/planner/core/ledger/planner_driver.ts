/** A planner process over the simulated API server, one write at a time, with every way a write can go wrong. @module */

import { clusterSnapshot } from "../../../../../planner/fleets/mod.ts";
import type {
  LedgerSettings,
  LedgerState,
  SideTarget,
  Staged,
  StageInput,
  Step,
  StepOutcome,
  Transition,
} from "../../../../../planner/core/mod.ts";
import type {
  SimulatedApi,
  WatchedView,
} from "../../../../../simulator/mod.ts";

/** The ledger under test: the real one, or one with a fault built in. */
export interface LedgerUnderTest {
  readonly initialLedger: () => LedgerState;
  readonly stage: (ledger: LedgerState, input: StageInput) => Staged;
  readonly settle: (
    ledger: LedgerState,
    step: Step,
    outcome: StepOutcome,
  ) => LedgerState;
  readonly stepsAfter: (
    rest: readonly Step[],
    step: Step,
    outcome: StepOutcome,
  ) => readonly Step[];
}

/** How a fleet applies patches; anything but `version` is a fault. */
export type Precondition =
  | "version"
  | "none"
  | "growing generation"
  /** The limit without its grant. */
  | "limit only";

/** What becomes of a write: answered, landed without an answer, lost, or under way until somebody delivers it. */
export type Fate = "answered" | "unheard" | "lost" | "late";

export interface DriverOptions {
  readonly settings: LedgerSettings;
  readonly precondition?: Precondition;
  readonly gpusPerReplica?: Readonly<Record<string, number>>;
  /** Whether a pod's worker serves; all do without it. */
  readonly isServing?: (uid: string) => boolean;
}

/** A write that is under way when its process may be long gone. */
export interface InFlight {
  readonly holder: string;
  readonly step: Step;
}

let processes = 0;

/** One planner. A crash is a new object with a new holder identity. */
export class PlannerDriver {
  readonly holder = `planner-${++processes}`;
  ledger: LedgerState;
  view: WatchedView | undefined;
  /** Steps of a batch still to be applied. */
  queue: readonly Step[] = [];
  last: Transition | undefined;

  constructor(
    readonly api: SimulatedApi,
    readonly core: LedgerUnderTest,
    readonly options: DriverOptions,
  ) {
    this.ledger = core.initialLedger();
  }

  get leads(): boolean {
    return this.api.lease.holder === this.holder;
  }

  /** Wins the Lease, then LISTs (C11, C14); a faulty planner keeps its older view. */
  takeLease(nowMs: number, staleView = false): void {
    this.api.takeLease(this.holder, nowMs);
    this.queue = [];
    if (staleView && this.view) return;
    this.view?.[Symbol.dispose]();
    this.view = this.api.watch();
  }

  /** Watches without leading: a standby. */
  standBy(): void {
    this.view ??= this.api.watch();
  }

  stage(input: {
    readonly targets: readonly SideTarget[];
    readonly budgetWatts: number;
    readonly nowMs: number;
  }): Transition {
    const view = this.view ?? this.api.watch();
    this.view = view;
    const staged = this.core.stage(this.ledger, {
      ...input,
      config: this.options.settings,
      snapshot: clusterSnapshot(this.api, view, {
        holder: this.holder,
        consistent: this.leads,
        atMs: input.nowMs,
        gpusPerReplica: this.options.gpusPerReplica ?? {},
        ...(this.options.isServing
          ? { isServing: this.options.isServing }
          : {}),
      }),
    });
    this.ledger = staged.ledger;
    this.last = staged.transition;
    this.queue = staged.transition.steps;
    return staged.transition;
  }

  /** Applies the next step of the batch. @returns the write, if it is still under way */
  applyNext(nowMs: number, fate: Fate = "answered"): InFlight | undefined {
    const [step, ...rest] = this.queue;
    if (!step) return undefined;
    const landed = fate === "answered" || fate === "unheard";
    const result = landed
      ? perform(this.api, { holder: this.holder, step }, {
        nowMs,
        precondition: this.options.precondition ?? "version",
      })
      : undefined;
    const outcome: StepOutcome = fate === "answered" && result
      ? result
      : { kind: "unanswered", reason: "timeout" };
    this.ledger = this.core.settle(this.ledger, step, outcome);
    this.queue = this.core.stepsAfter(rest, step, outcome);
    return fate === "late" ? { holder: this.holder, step } : undefined;
  }

  applyAll(nowMs: number): void {
    while (this.queue.length > 0) this.applyNext(nowMs);
  }
}

/** A write arrives at the API server. */
export function perform(
  api: SimulatedApi,
  { holder, step }: InFlight,
  { nowMs, precondition }: {
    readonly nowMs: number;
    readonly precondition: Precondition;
  },
): StepOutcome {
  switch (step.kind) {
    case "lease":
      return api.putLease(holder, { ...step, nowMs });
    case "scale":
      return api.scale(step.side, step);
    case "patch": {
      const { uid, resourceVersion } = step.pod;
      const now = api.pod(uid)?.pod;
      if (precondition === "version" || !now) {
        return api.patchPod(uid, resourceVersion, step.grant);
      }
      if (precondition === "limit only") {
        api.changePod(uid, { powerLimit: `${step.grant.watts}` });
        return { kind: "done" };
      }
      if (precondition === "growing generation" && now.powerGrant) {
        const [epoch, sequence] = now.powerGrant.split(" ")[2]!.split(".")
          .map(Number);
        const { generation } = step.grant;
        const grows = generation.epoch > epoch! ||
          generation.epoch === epoch && generation.sequence > sequence!;
        if (!grows) return { kind: "refused", reason: "generation" };
      }
      return api.patchPod(uid, now.resourceVersion, step.grant);
    }
  }
}
