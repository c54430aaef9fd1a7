/** A planner reduced to its ledger: looks, stages towards fixed caps, carries out (C2–C17), over a fleet of its own. @module */

import {
  type LedgerState,
  type SideTarget,
  type Step,
  type StepOutcome,
  stepsAfter,
} from "../../../../planner/core/mod.ts";
import type { Fleet } from "../../../../planner/fleets/mod.ts";
import { PLANNER_BRAIN } from "../../../../planner/loop/mod.ts";

/** Caps that it aims at, watts a GPU. */
export interface Caps {
  readonly prefill: number;
  readonly decode: number;
}

/** What it did. */
export interface Deed {
  readonly step: Step;
  readonly outcome: StepOutcome;
}

/** Plans round after round. */
export class PlannerRole {
  readonly deeds: Deed[] = [];
  caps: Caps;
  budgetWatts: number;
  /** It does nothing more. */
  halted = false;
  readonly #fleet: Fleet;
  #ledger: LedgerState = PLANNER_BRAIN.emptyLedger();

  constructor(
    fleet: Fleet,
    options: { readonly caps: Caps; readonly budgetWatts: number },
  ) {
    this.#fleet = fleet;
    this.caps = options.caps;
    this.budgetWatts = options.budgetWatts;
  }

  /** Rounds until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.halted) await this.round(signal);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** One look and the steps that follow from it. @returns whether everything is as it should be */
  async round(signal: AbortSignal): Promise<boolean> {
    const snapshot = await this.#fleet.snapshot(new AbortController().signal);
    const { ledger, transition } = PLANNER_BRAIN.stage(this.#ledger, {
      snapshot,
      targets: this.#targets(),
      config: {
        startMode: "gate",
        armedAtBoot: false,
        gateInInitContainerOnly: false,
        capOwner: "planner",
        safeDefaultWatts: 490,
        gpu: { minWatts: 200, maxWatts: 700, tdpWatts: 700 },
      },
      budgetWatts: this.budgetWatts,
      budgetConfirmed: true,
      nowMs: performance.now(),
    });
    this.#ledger = ledger;
    let steps = transition.steps;
    while (steps[0] && !signal.aborted) {
      const [step, ...rest] = steps;
      const outcome = await this.#fleet.apply(
        step,
        new AbortController().signal,
      );
      this.deeds.push({ step, outcome });
      this.#ledger = PLANNER_BRAIN.settle(
        this.#ledger,
        step,
        outcome,
        performance.now(),
      );
      steps = stepsAfter(rest, step, outcome);
    }
    return transition.settled;
  }

  #targets(): SideTarget[] {
    return (["prefill", "decode"] as const).map((side) => ({
      side,
      replicas: 1,
      gpusPerReplica: 1,
      capWatts: this.caps[side],
      point: undefined,
    }));
  }
}
