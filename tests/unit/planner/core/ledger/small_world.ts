/** Nodes of one GPU each with one pod, gone through step by step. @module */

import assert from "node:assert/strict";
import * as real from "../../../../../planner/core/mod.ts";
import { SimulatedApi, SimulatedNode } from "../../../../../simulator/mod.ts";
import { GATE, lines, pod, target } from "./fixtures.ts";
import {
  type InFlight,
  type LedgerUnderTest,
  perform,
  PlannerDriver,
  type Precondition,
} from "./planner_driver.ts";

const BUDGET = 800;

/** Nodes of one GPU each, and a planner's view of time. */
export class SmallWorld {
  readonly api = new SimulatedApi();
  readonly nodes = new Map<string, SimulatedNode>();
  nowMs = 0;

  constructor(
    nodes: readonly string[],
    readonly options: {
      readonly core?: LedgerUnderTest;
      readonly precondition?: Precondition;
    } = {},
  ) {
    for (const name of nodes) {
      this.nodes.set(
        name,
        new SimulatedNode({
          name,
          gpus: 1,
          model: "H200",
          minWatts: 200,
          maxWatts: 700,
          defaultWatts: 700,
          safeDefaultWatts: 490,
          prearm: false,
        }, this.api),
      );
    }
    // An idle GPU is proven free after 5 s (C24).
    for (const node of this.nodes.values()) node.pass(-6_000);
    for (const side of ["prefill", "decode"] as const) {
      this.api.setScaler(side, 1);
    }
  }

  planner(): PlannerDriver {
    return new PlannerDriver(this.api, this.options.core ?? real, {
      settings: GATE,
      precondition: this.options.precondition ?? "version",
    });
  }

  add(name: string, node: string, side: "prefill" | "decode"): void {
    const made = pod(name, { side, node });
    this.api.createPod({ ...made, side });
    this.nodes.get(node)!.place(this.api.pod(name)!.pod, 1);
  }

  /** Agents see everything, act, and everybody sees their reports. */
  agents(...planners: PlannerDriver[]): void {
    for (const node of this.nodes.values()) {
      node.view.deliver();
      node.pass(this.nowMs);
    }
    for (const planner of planners) planner.view?.deliver();
  }

  limit(node: string): number {
    return this.nodes.get(node)!.gpus[0]!.limitWatts;
  }

  /** What a planner says it would do; nothing is applied. */
  stage(
    planner: PlannerDriver,
    caps: { prefill?: number; decode?: number },
    {
      replicas = { prefill: 1, decode: 1 },
      budgetWatts = BUDGET,
      see = true,
    }: StageOptions = {},
  ): string[] {
    if (see) planner.view?.deliver();
    const targets = (["prefill", "decode"] as const).flatMap((side) =>
      caps[side] === undefined ? [] : [target(replicas[side], caps[side], side)]
    );
    return lines(
      planner.stage({ targets, budgetWatts, nowMs: this.nowMs }).steps,
    );
  }

  /** Goes round until nothing is left to do. */
  settle(
    planner: PlannerDriver,
    caps: { prefill?: number; decode?: number },
    options: StageOptions = {},
  ): void {
    for (let round = 0; round < 12; round++) {
      this.agents(planner);
      this.stage(planner, caps, options);
      planner.applyAll(this.nowMs);
    }
    assert.equal(planner.last?.settled, true);
  }

  /** Rounds in which everybody sees and acts, time passing. */
  rounds(
    count: number,
    planner: PlannerDriver,
    caps: { prefill?: number; decode?: number },
  ): void {
    for (let round = 0; round < count; round++) {
      this.nowMs += 2_000;
      this.agents(planner);
      this.stage(planner, caps);
      planner.applyAll(this.nowMs);
    }
  }

  /** A write that was under way arrives. */
  land(write: InFlight): string {
    return perform(this.api, write, {
      nowMs: this.nowMs,
      precondition: this.options.precondition ?? "version",
    }).kind;
  }

  /** Σ limits of pods that run or may start without a new decision. */
  get watts(): number {
    let sum = 0;
    for (const node of this.nodes.values()) {
      for (const { podUid, limitWatts } of node.gpus) {
        if (podUid === undefined) continue;
        if (node.running.has(podUid) || node.mayOpen(podUid)) sum += limitWatts;
      }
    }
    return sum;
  }
}

/** How a stage is made. */
export interface StageOptions {
  readonly replicas?: { readonly prefill: number; readonly decode: number };
  readonly budgetWatts?: number;
  /** Everything under way to the planner is delivered first. */
  readonly see?: boolean;
}
