/** A leader in a test: stages, settles everything as done, and keeps its ledger. @module */

import * as core from "../../../../../planner/core/mod.ts";
import type {
  FleetSnapshot,
  LedgerSettings,
  LedgerState,
  SideTarget,
  StepOutcome,
  Transition,
} from "../../../../../planner/core/mod.ts";
import type { LedgerUnderTest } from "./planner_driver.ts";
import { GATE, lines } from "./fixtures.ts";

/** Stages one snapshot after another. */
export class Leader {
  ledger: LedgerState;
  readonly #core: LedgerUnderTest;
  last: Transition | undefined;

  constructor(
    readonly targets: readonly SideTarget[],
    readonly options: {
      readonly budgetWatts?: number;
      readonly settings?: Partial<LedgerSettings>;
      readonly core?: LedgerUnderTest;
    } = {},
  ) {
    this.#core = options.core ?? core;
    this.ledger = this.#core.initialLedger();
  }

  /** One stage; the steps are answered by `answer`, done by default. */
  stage(
    snapshot: FleetSnapshot,
    change: {
      readonly nowMs?: number;
      readonly budgetWatts?: number;
      readonly targets?: readonly SideTarget[];
      readonly answer?: (line: string) => StepOutcome;
    } = {},
  ): string[] {
    const staged = this.#core.stage(this.ledger, {
      snapshot,
      targets: change.targets ?? this.targets,
      config: { ...GATE, ...this.options.settings },
      budgetWatts: change.budgetWatts ?? this.options.budgetWatts ?? 800,
      nowMs: change.nowMs ?? 0,
    });
    this.ledger = staged.ledger;
    this.last = staged.transition;
    const said = lines(staged.transition.steps);
    staged.transition.steps.forEach((step, index) => {
      const outcome = change.answer?.(said[index] ?? "") ?? { kind: "done" };
      this.ledger = this.#core.settle(this.ledger, step, outcome);
    });
    return said;
  }

  /** A leader since epoch 5 whose take-over found nothing to stamp. */
  static reigning(
    targets: readonly SideTarget[],
    options: Leader["options"] = {},
  ): Leader {
    const leader = new Leader(targets, options);
    leader.ledger = {
      ...leader.ledger,
      reign: { kind: "held", epoch: 5, unstamped: [], unfenced: [] },
      ownBudget: {
        watts: options.budgetWatts ?? 800,
        sinceMs: 0,
        trusted: true,
      },
    };
    return leader;
  }

  /** Waits that name a pod. */
  waits(): string[] {
    const named = this.last?.waits.filter(({ podName }) => podName) ?? [];
    return named.map(({ kind, podName, watts }) =>
      [kind, podName, watts].filter((part) => part !== undefined).join(" ")
    );
  }

  alarms(): string[] {
    return (this.last?.alarms ?? []).map(({ kind }) => kind);
  }
}
