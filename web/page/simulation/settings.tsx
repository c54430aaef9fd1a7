/** What a simulation can be asked: seed, hours, resolution, traffic. @module */

import type { PlanState } from "../../plan/state.ts";
import type { TraceShape } from "../../worker/protocol.ts";
import { Segments } from "../choices.tsx";
import { NumberInput } from "../number_field.tsx";

/** What the settings show and change. */
export interface SettingsProps {
  readonly state: PlanState;
  readonly change: (change: Partial<PlanState>) => void;
  readonly trace: TraceShape | undefined;
}

/** The settings. */
export function Settings({ state, change, trace }: SettingsProps) {
  const isTrace = state.simulationTraffic === "trace";
  return (
    <div class="simulation-settings">
      <Segments
        label="Traffic"
        value={state.simulationTraffic}
        choices={[
          { value: "day", label: "Made-up day" },
          { value: "trace", label: "Dropped trace" },
        ]}
        change={(simulationTraffic) => change({ simulationTraffic })}
      />
      <Segments
        label="Resolution"
        value={state.simulationResolution}
        choices={[
          { value: "loop", label: "Fluid" },
          { value: "request", label: "Every request" },
        ]}
        change={(simulationResolution) => change({ simulationResolution })}
      />
      <NumberInput
        field="simulationHours"
        label="Hours"
        unit="h"
        value={state.simulationHours}
        empty={isTrace ? "all of it" : "24"}
        change={(simulationHours) => change({ simulationHours })}
      />
      <NumberInput
        field="simulationSeed"
        label="Seed"
        unit=""
        value={state.simulationSeed}
        change={(seed = 1) => change({ simulationSeed: seed })}
      />
      {isTrace && (
        <>
          <NumberInput
            field="traceSpeed"
            label="Speed"
            unit="×"
            value={state.traceSpeed}
            change={(speed = 1) => change({ traceSpeed: speed })}
          />
          <NumberInput
            field="traceCopies"
            label="Copies at once"
            unit=""
            value={state.traceCopies}
            change={(copies = 1) => change({ traceCopies: copies })}
          />
          <p class="hint simulation-trace">
            {trace
              ? `Plays ${trace.name}.`
              : "Drop a trace file onto the page to play it."}
          </p>
        </>
      )}
    </div>
  );
}
