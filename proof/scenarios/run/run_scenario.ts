/** Runs one scenario from its first tick to its verdicts. @module */

import { WattkeeperError } from "../../../service/mod.ts";
import {
  type History,
  judge,
  type LogEntry,
  type Verdict,
} from "../judge/mod.ts";
import {
  plannerNumber,
  type Scenario,
  type ScenarioPlanner,
} from "../schema/mod.ts";
import type { Snapshot } from "../snapshot.ts";
import { buildRig, type Rig } from "./rig.ts";
import { standingClaims } from "./standing_claims.ts";

/** What came of it. */
export interface ScenarioResult {
  readonly id: string;
  readonly name: string;
  readonly passed: boolean;
  readonly verdicts: readonly Verdict[];
  /** Comparisons that were really made, over all claims. */
  readonly evaluated: number;
  readonly snapshots: readonly Snapshot[];
  readonly log: readonly LogEntry[];
  /** Events of the world at which R41 was looked at and did not hold. */
  readonly violations: readonly {
    readonly atMs: number;
    readonly limitWatts: number;
    readonly budgetWatts: number;
  }[];
}

/** An event at the last millisecond of a tick still belongs to it. */
const BEFORE_NEXT_MS = 1;
const FIRST_MS = 1;
const END_STEP_MS = 5_000;
/** Turns of the event loop that an end may take. */
const MOST_END_TURNS = 2_000;

/**
 * Runs it. Nothing of it depends on the machine or on real time.
 *
 * @throws the signal's reason when that aborts
 */
export async function runScenario(
  scenario: Scenario,
  signal?: AbortSignal,
): Promise<ScenarioResult> {
  const rig = await buildRig(scenario);
  const { world, clock, planners, recorder, log, file, posts } = rig;
  const tickMs = scenario.interval_s * 1000;
  const snapshots: Snapshot[] = [];
  const fields: ScenarioPlanner["fields"][] = [];
  const told = new Set<string>();
  try {
    // What is wrong from the start is wrong before the planner looks for the first time.
    world.advance(FIRST_MS);
    planners.start(world);
    for (let tick = 0; tick < scenario.ticks; tick++) {
      signal?.throwIfAborted();
      await clock.runTo((tick + 1) * tickMs - BEFORE_NEXT_MS);
      while (posts.size > 0) await Promise.all(posts);
      tellFailures(rig, told);
      snapshots.push(recorder.snapshot(tick));
      fields.push(file.fields);
    }
  } finally {
    await end(rig);
  }
  const history: History = {
    snapshots,
    log: log.entries,
    planner: (name, tick) => {
      const found = fields[tick];
      return found && plannerNumber(found, name);
    },
  };
  const verdicts = [...scenario.assertions, ...standingClaims(scenario)]
    .map((assertion) => judge(assertion, history));
  const evaluated = verdicts.reduce((sum, one) => sum + one.evaluated, 0);
  return {
    id: scenario.id,
    name: scenario.name,
    // A scenario that claims nothing of its own proves nothing.
    passed: scenario.assertions.length > 0 && evaluated > 0 &&
      verdicts.every(({ passed }) => passed),
    verdicts,
    evaluated,
    snapshots,
    log: log.entries,
    violations: world.violations,
  };
}

/** A planner that refuses to start, or falls over, is an event. */
function tellFailures({ planners, log }: Rig, told: Set<string>): void {
  for (const { holder, error } of planners.failures) {
    if (told.has(holder)) continue;
    told.add(holder);
    log.add("planner_ended", {
      planner: holder,
      code: error instanceof WattkeeperError ? error.code : "internal",
      message: error instanceof Error ? error.message : String(error),
    });
  }
}

async function end({ planners, clock, frontends, world }: Rig): Promise<void> {
  world.onEvent = undefined;
  world.allowedWatts = undefined;
  let ended = false;
  planners.stop().finally(() => ended = true);
  for (let turn = 0; !ended && turn < MOST_END_TURNS; turn++) {
    await clock.runTo(clock.now() + END_STEP_MS);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await frontends?.[Symbol.asyncDispose]();
}
