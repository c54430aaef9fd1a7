/** Where the watts come from: a budget, racks with headroom (R30), or no limit. @module */

import { HEADROOM_UNCHARGED_STARTS } from "../../optimizer-wasm/portable.ts";
import type { PlanState } from "../plan/state.ts";
import { Segments } from "./choices.tsx";
import { number, watts } from "./format.ts";
import type { InputsProps } from "./inputs.tsx";
import { NumberInput } from "./number_field.tsx";

/** Slider of the budget: from one GPU's share to all of them at their most. */
function budgetRange(
  { totalGpus }: PlanState,
  maxWatts: number,
): readonly [number, number] {
  return [1000, Math.max(2000, Math.ceil(totalGpus * maxWatts / 1000) * 1000)];
}

/** The group. */
export function PowerInputs({ state, change, maxWatts, sizing }: InputsProps) {
  return (
    <section class="group" aria-labelledby="group-power">
      <h2 id="group-power">Power</h2>
      <Segments
        label="Limit"
        value={state.watts}
        choices={[
          { value: "budget", label: "Budget" },
          { value: "racks", label: "From racks" },
          { value: "none", label: "None" },
        ]}
        change={(watts) => change({ watts })}
      />
      {state.watts === "budget" && (
        <NumberInput
          field="budgetWatts"
          label="All caps together"
          unit="kW"
          scale={1000}
          value={state.budgetWatts}
          slide={budgetRange(state, maxWatts)}
          step={0.1}
          change={(budgetWatts = state.budgetWatts) => change({ budgetWatts })}
        />
      )}
      {state.watts === "racks" && (
        <>
          <div class="pair">
            <NumberInput
              field="racks"
              label="Racks"
              unit=""
              value={state.racks}
              change={(racks = state.racks) => change({ racks })}
            />
            <NumberInput
              field="rackWatts"
              label="Each"
              unit="kW"
              scale={1000}
              value={state.rackWatts}
              change={(rackWatts = state.rackWatts) => change({ rackWatts })}
            />
            <NumberInput
              field="nodes"
              label="Nodes"
              unit=""
              value={state.nodes}
              change={(nodes = state.nodes) => change({ nodes })}
            />
            <NumberInput
              field="gpusPerNode"
              label="GPUs each"
              unit=""
              value={state.gpusPerNode}
              change={(gpusPerNode = state.gpusPerNode) =>
                change({ gpusPerNode })}
            />
          </div>
          <NumberInput
            field="headroom"
            label="Headroom"
            unit="of feed"
            value={state.headroom}
            slide={[0.5, 1]}
            step={0.01}
            change={(headroom = state.headroom) => change({ headroom })}
          />
          <NumberInput
            field="nodeOverheadWatts"
            label="Rest of a node"
            unit="W"
            value={state.nodeOverheadWatts}
            step={100}
            change={(nodeOverheadWatts = state.nodeOverheadWatts) =>
              change({ nodeOverheadWatts })}
          />
          {sizing && (
            <dl class="sum" aria-label="From rack watts to the budget">
              <Line
                name={`${number(state.racks)} × ${watts(state.rackWatts)}`}
                value={sizing.facilityWatts}
              />
              <Line
                name={`× ${state.headroom} headroom`}
                value={sizing.plannedWatts}
              />
              <Line name="− all but GPUs" value={-sizing.nonGpuWatts} />
              {sizing.otherWatts > 0 && (
                <Line
                  name={`− ${sizing.otherGpus} other GPUs`}
                  value={-sizing.otherWatts}
                />
              )}
              <Line name="GPU budget" value={sizing.budgetWatts} total />
            </dl>
          )}
          {state.headroom > HEADROOM_UNCHARGED_STARTS && (
            <p class="hint">
              Above {HEADROOM_UNCHARGED_STARTS}{" "}
              only where starts are gated or charged.
            </p>
          )}
        </>
      )}
      {state.watts === "none" && (
        <p class="hint">
          Caps stay at each side's own draw, where they cost nothing.
        </p>
      )}
    </section>
  );
}

function Line(
  { name, value, total = false }: {
    readonly name: string;
    readonly value: number;
    readonly total?: boolean;
  },
) {
  return (
    <div class={total ? "sum-total" : ""}>
      <dt>{name}</dt>
      <dd>{number(value)} W</dd>
    </div>
  );
}
