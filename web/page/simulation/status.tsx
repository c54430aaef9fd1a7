/** How a simulation stands, in one line. @module */

import { number } from "../format.ts";
import type { Simulation } from "./use_simulation.ts";
import { POLICIES } from "./policies.ts";

/** What is said. */
export interface StatusProps {
  readonly simulation: Simulation | undefined;
  /** Why nothing can be simulated now; undefined: it can. */
  readonly cannot: string | undefined;
  /** The result belongs to another fleet, or to other settings. */
  readonly isOther: boolean;
}

/** The line; it is as high whatever it says. */
export function SimulationStatus({ simulation, cannot, isOther }: StatusProps) {
  return (
    <div class="simulation-status">
      <progress
        aria-label="Simulation"
        max={1}
        value={simulation?.share ?? 0}
        class={simulation?.status === "running" ? "" : "progress-hidden"}
      />
      <p role="status">
        {simulation
          ? <Told simulation={simulation} isOther={isOther || !!cannot} />
          : <span class="hint">{cannot ?? "Takes some seconds."}</span>}
      </p>
    </div>
  );
}

function Told(
  { simulation, isOther }: {
    readonly simulation: Simulation;
    readonly isOther: boolean;
  },
) {
  const { status, runs, error, traffic, dataVersion } = simulation;
  const other = isOther && (
    <strong class="warn">
      These results belong to another fleet or other settings; run again.{" "}
    </strong>
  );
  const what = traffic &&
    `${traffic}; ${
      dataVersion === "builtin" ? "built-in model" : `tables ${dataVersion}`
    }.`;
  switch (status) {
    case "running":
      return (
        <>
          {other}
          {`${POLICIES[runs.length]?.name ?? ""}, policy ${
            number(Math.min(runs.length + 1, POLICIES.length))
          } of ${POLICIES.length}.`} <span class="hint">{what}</span>
        </>
      );
    case "stopped":
      return (
        <>
          {other}Stopped with {runs.length} of {POLICIES.length} policies done.
        </>
      );
    case "failed":
      return (
        <span class="bad">
          {error?.message} {error?.remedy}{" "}
          {error?.number && <span class="source">{error.number}</span>}
        </span>
      );
    case "done":
      return (
        <>
          {other}
          <span class="hint">{what}</span>
        </>
      );
  }
}
