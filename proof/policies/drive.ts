/** Drives a planner over a simulated environment to an end, as fast as it goes. @module */

import {
  type Listener,
  type LoopInput,
  openSimulated,
  runLoop,
  type SimulatedEnvironment,
  type SimulatedOptions,
} from "../../planner/portable_planner.ts";

/** What is driven. */
export interface DriveInput {
  readonly simulated: Omit<SimulatedOptions, "speed">;
  readonly warmHistory?: LoopInput["warmHistory"];
  /** Runs the planner; absent: its loop with nothing beside it. */
  readonly run?: (input: LoopInput, signal: AbortSignal) => Promise<void>;
  /** How long, of the world's time. */
  readonly endMs: number;
  /** Time between two calls of `onSlice`. */
  readonly sliceMs: number;
  /** Called once everything is open, before time begins. @returns who is told what the loop does */
  readonly opened: (environment: SimulatedEnvironment) => readonly Listener[];
  /** Called after each slice; its promise is waited for. */
  readonly onSlice?: (atMs: number) => unknown;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
}

/** Longest time between two looks at the fleet, milliseconds. */
const LOOK_MS = 30_000;
/** Steps of time in which what the end still has to do is waited for, milliseconds, and real time given to each. */
const END_STEP_MS = 5_000;
const END_TURN_MS = 5;

/**
 * Runs to the end.
 *
 * @throws what starting the planner throws, and the signal's reason
 */
export async function drive(input: DriveInput): Promise<void> {
  const { simulated, endMs, sliceMs } = input;
  await using environment = openSimulated({ ...simulated, speed: undefined });
  const stop = new AbortController();
  const running = (input.run ?? runLoop)({
    config: simulated.config,
    model: simulated.model,
    environment,
    warmHistory: input.warmHistory,
    listeners: input.opened(environment),
    times: { lookMs: LOOK_MS },
  }, stop.signal);
  let done = false;
  const ended = running.finally(() => done = true);
  // A failure to start is told by `ended`; nothing is to be waited for then.
  ended.catch(() => {});
  const { clock } = environment;
  while (clock.now() < endMs && !done && !input.signal?.aborted) {
    await clock.runTo(Math.min(endMs, clock.now() + sliceMs));
    await input.onSlice?.(clock.now());
  }
  stop.abort();
  while (!done) {
    await clock.runTo(clock.now() + END_STEP_MS);
    await new Promise((resolve) => setTimeout(resolve, END_TURN_MS));
  }
  await ended;
  input.signal?.throwIfAborted();
}
