/** The ledger over the simulated fleet: what the planner's loop does with a transition, in virtual time. @module */

import {
  initialLedger,
  type LedgerState,
  settle,
  type SideTarget,
  stage,
  stepsAfter,
  type Transition,
} from "../../../../planner/core/mod.ts";
import { SimulatedFleet } from "../../../../planner/fleets/mod.ts";
import type { SimulatedWorld } from "../../../../simulator/mod.ts";
import { GATE } from "../core/ledger/fixtures.ts";

/** One planner process. */
export class Loop {
  readonly fleet: SimulatedFleet;
  ledger: LedgerState = initialLedger();
  last: Transition | undefined;

  constructor(
    readonly world: SimulatedWorld,
    holder: string,
    public budgetWatts: number,
  ) {
    this.fleet = new SimulatedFleet(world, {
      holder,
      gpusPerReplica: { prefill: 1, decode: 1 },
    });
  }

  /** One stage, applied. */
  async tick(targets: readonly SideTarget[]): Promise<Transition> {
    const { signal } = new AbortController();
    const staged = stage(this.ledger, {
      snapshot: await this.fleet.snapshot(signal),
      targets,
      config: GATE,
      budgetWatts: this.budgetWatts,
      budgetConfirmed: true,
      nowMs: this.world.nowMs,
    });
    this.ledger = staged.ledger;
    this.last = staged.transition;
    let rest = staged.transition.steps;
    while (rest.length > 0) {
      const step = rest[0]!;
      const outcome = await this.fleet.apply(step, signal);
      this.ledger = settle(this.ledger, step, outcome);
      rest = stepsAfter(rest.slice(1), step, outcome);
    }
    return staged.transition;
  }

  /** Ticks every `everyMs` for a while. */
  async run(
    seconds: number,
    targets: readonly SideTarget[],
    everyMs = 1_000,
  ): Promise<Transition> {
    const end = this.world.nowMs + seconds * 1_000;
    while (this.world.nowMs < end) {
      await this.tick(targets);
      this.world.advance(everyMs);
    }
    return await this.tick(targets);
  }
}
