/** How a simulation stands, in one line. @module */

import type { Simulation } from "./use_simulation.ts";
import { POLICIES } from "./policies.ts";

/** What is said. */
export interface StatusProps {
  readonly simulation: Simulation | undefined;
  /** Why nothing can be simulated now; undefined: it can. */
  readonly cannot: string | undefined;
  /** The result belongs to another fleet, or to other settings. */
  readonly isOther: boolean;
  /** Data of the answer above; planner.yaml cannot ask for the built-in model where tables are imported. */
  readonly answerData: string;
}

/** Two lines, as high whatever they say. */
export function SimulationStatus(
  { simulation, cannot, isOther, answerData }: StatusProps,
) {
  const { status, traffic, dataVersion } = simulation ?? {};
  const other = simulation !== undefined && (isOther || cannot !== undefined);
  return (
    <div class="simulation-status">
      <progress
        aria-label="Simulation"
        max={1}
        value={simulation?.share ?? 0}
        class={status === "running" ? "" : "progress-hidden"}
      />
      <p role="status" class={status === "failed" ? "bad" : ""}>
        {simulation ? standing(simulation) : cannot ?? ""}
        {other && status !== "failed" && (
          <strong class="warn">
            {" "}These figures belong to another fleet or other settings; run
            again.
          </strong>
        )}
      </p>
      <p class="hint">
        {simulation
          ? traffic &&
            `${capital(traffic)}; ${dataText(dataVersion)}${
              other || dataVersion === answerData
                ? ""
                : `, as the command finds them; the answer above is of the ${
                  dataText(answerData)
                }`
            }.`
          : "Takes seconds to minutes; the search goes on meanwhile."}
      </p>
    </div>
  );
}

function standing({ status, runs, error }: Simulation): string {
  switch (status) {
    case "running": {
      const at = Math.min(runs.length + 1, POLICIES.length);
      return `${POLICIES[at - 1]?.name}, policy ${at} of ${POLICIES.length}.`;
    }
    case "stopped":
      return `Stopped with ${runs.length} of ${POLICIES.length} policies done.`;
    case "failed":
      return [
        error?.message,
        error?.remedy,
        error?.number && `(${error.number})`,
      ]
        .filter((part) => part).join(" ");
    case "done":
      return "Every policy is done.";
  }
}

function dataText(version: string | undefined): string {
  return version === "builtin" ? "built-in model" : `tables ${version}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
