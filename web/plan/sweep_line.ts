/** The line of `sweep` that gives the page's answer to the digit. @module */

import { budgetOf } from "./budget.ts";
import { layoutAsPin } from "./layout_text.ts";
import { shellLine } from "./shell_line.ts";
import { PINNED_SIDES, type PlanState } from "./state.ts";

/** Arguments after `sweep`. @throws as `budgetOf` */
export function sweepArguments(state: PlanState, maxWatts: number): string[] {
  const budgetWatts = budgetOf(state, maxWatts);
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ["model", state.model],
    ["system", state.system],
    ["backend", state.backend],
    ["backend-version", state.version],
    ["database-mode", state.version === undefined ? "ROOFLINE" : undefined],
    ["total-gpus", state.totalGpus],
    ["power-budget-watts", budgetWatts],
    ["ttft-ms", state.ttftMs],
    ["itl-ms", state.itlMs],
    ["isl", state.isl],
    ["osl", state.osl],
    ["prefix", state.prefix === 0 ? undefined : state.prefix],
    ["mode", state.mode],
    ["request-rate", state.requestRate],
    ["objective", state.objective === "efficiency" ? "efficiency" : undefined],
    ["caps", state.caps === "auto" ? undefined : state.caps.replace("_", "-")],
    ...PINNED_SIDES.map((side) => {
      const layout = state.pins[side];
      return [`pin-${side}`, layout && layoutAsPin(layout)] as const;
    }),
  ];
  return [
    ...flags.flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)]
    ),
    ...(state.allowUnmeasuredCaps ? ["--allow-unmeasured-caps"] : []),
    ...(state.corrections ? [] : ["--no-corrections"]),
  ];
}

/** The whole line, for a shell. @throws as `budgetOf` */
export function sweepLine(state: PlanState, maxWatts: number): string {
  return shellLine(["sweep", ...sweepArguments(state, maxWatts)]);
}
