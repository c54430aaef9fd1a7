/** The line of `simulate` that gives the page's simulation to the digit, over the exported `planner.yaml`. @module */

import { shellLine } from "./shell_line.ts";
import type { PlanState } from "./state.ts";

/**
 * The whole line, for a shell.
 *
 * @param traceName file of the trace; undefined: a made-up day
 */
export function simulateLine(
  state: PlanState,
  traceName: string | undefined,
): string {
  const { traceSpeed, traceCopies, simulationHours } = state;
  return shellLine([
    "simulate",
    "--config",
    "planner.yaml",
    ...(traceName === undefined ? [] : ["--trace", traceName]),
    ...(traceName === undefined || traceSpeed === 1
      ? []
      : ["--speed", String(traceSpeed)]),
    ...(traceName === undefined || traceCopies === 1
      ? []
      : ["--copies", String(traceCopies)]),
    "--seed",
    String(state.simulationSeed),
    ...(simulationHours === undefined
      ? []
      : ["--hours", String(simulationHours)]),
    "--resolution",
    state.simulationResolution,
    "--output",
    "json",
  ]);
}
