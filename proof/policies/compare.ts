/** Every policy under every budget, one after the other, over the same requests. @module */

import type {
  Listener,
  LoopInput,
  OpenedModel,
  PlannerConfig,
} from "../../planner/portable_planner.ts";
import { type PolicyName, policyOf } from "./policy.ts";
import { type PolicyRun, type Resolution, runPolicy } from "./run_policy.ts";
import type { Traffic } from "./traffic.ts";

/** What is compared. */
export interface ComparisonInput {
  /** With power awareness and the optimizer on; its budget is replaced. */
  readonly config: PlannerConfig;
  readonly opened: OpenedModel;
  readonly policies: readonly PolicyName[];
  readonly budgetsWatts: readonly number[];
  readonly traffic: Traffic;
  readonly resolution: Resolution;
  readonly seed: number;
  readonly seconds: number;
  /** History that planners start with. */
  readonly warmHistory?: LoopInput["warmHistory"];
  readonly signal?: AbortSignal;
  /** Makes a listener for each run's loop. */
  readonly listen?: () => Listener;
  /** Called now and then with the runs that are done, the last in part. */
  readonly onProgress?: (runs: number, of: number, label: string) => void;
  /** Called with every run when it has ended. */
  readonly onRun?: (run: PolicyRun) => void;
}

/** A finished comparison. */
export interface Comparison {
  readonly input: ComparisonInput;
  /** Before the count begins, seconds. */
  readonly leadInSeconds: number;
  /** Budget by budget, in each the policies in the order asked for. */
  readonly runs: readonly PolicyRun[];
}

/** Time in which a fleet finds its size before it counts; a fleet that starts at its floors is nobody's policy. */
export const LEAD_IN_SECONDS = 600;

/**
 * Runs them.
 *
 * @throws {WattkeeperError} `infeasible` when the floors cannot fit a budget at any cap
 */
export async function comparePolicies(
  input: ComparisonInput,
): Promise<Comparison> {
  const { config, opened, policies, budgetsWatts } = input;
  const of = policies.length * budgetsWatts.length;
  const runs: PolicyRun[] = [];
  for (const budgetWatts of budgetsWatts) {
    const budgeted: PlannerConfig = {
      ...config,
      power: config.power && { ...config.power, budgetWatts },
    };
    for (const name of policies) {
      const done = runs.length;
      const run = await runPolicy({
        policy: policyOf(name, budgeted, opened.model),
        budgetWatts,
        opened,
        traffic: input.traffic,
        resolution: input.resolution,
        seed: input.seed,
        seconds: input.seconds,
        leadInSeconds: LEAD_IN_SECONDS,
        warmHistory: input.warmHistory,
        listeners: input.listen ? [input.listen()] : [],
        ...(input.signal ? { signal: input.signal } : {}),
        onProgress: (share) =>
          input.onProgress?.(
            done + share,
            of,
            `${name}, ${budgetWatts / 1000} kW`,
          ),
      });
      runs.push(run);
      input.onRun?.(run);
    }
  }
  return { input, leadInSeconds: LEAD_IN_SECONDS, runs };
}
