/** How workers are laid out: searched, or pinned to what is deployed; and what else narrows the search. @module */

import type { Layout } from "../../optimizer-wasm/portable.ts";
import { LAYOUT_FIELDS, SINGLE } from "../plan/layout_text.ts";
import type { PinnedSide, PlanState } from "../plan/state.ts";
import { Segments, Select } from "./choices.tsx";
import type { InputsProps } from "./inputs.tsx";
import { NumberInput } from "./number_field.tsx";

/** Sides that a mode can pin. */
const PINS: Readonly<Record<PlanState["mode"], readonly PinnedSide[]>> = {
  best: ["prefill", "decode", "agg"],
  disagg: ["prefill", "decode"],
  agg: ["agg"],
};

const SIDE_NAMES: Readonly<Record<PinnedSide, string>> = {
  prefill: "Prefill",
  decode: "Decode",
  agg: "Aggregated",
};

const RANKS = [1, 2, 4, 8, 16, 32, 64];

/** The group. */
export function LayoutInputs({ state, change }: InputsProps) {
  return (
    <section class="group" aria-labelledby="group-layout">
      <h2 id="group-layout">Serving and layout</h2>
      <Segments
        label="Prefill and decode"
        value={state.mode}
        choices={[
          { value: "best", label: "Better of both" },
          { value: "disagg", label: "Apart" },
          { value: "agg", label: "Together" },
        ]}
        change={(mode) =>
          change({ mode, pins: onlyOf(state.pins, PINS[mode]) })}
      />
      <Segments
        label="Goal"
        value={state.objective}
        choices={[
          { value: "throughput", label: "Tokens/s" },
          { value: "efficiency", label: "Tokens/s per watt" },
        ]}
        change={(objective) => change({ objective })}
      />
      {PINS[state.mode].map((side) => (
        <Pin
          key={side}
          name={SIDE_NAMES[side]}
          layout={state.pins[side]}
          change={(layout) =>
            change({ pins: withPin(state.pins, side, layout) })}
        />
      ))}
      <details class="more">
        <summary>More</summary>
        <Select
          label="Caps"
          value={state.caps}
          choices={[
            { value: "auto", label: "Searched where watts matter" },
            { value: "free", label: "Searched always" },
            { value: "own_draw", label: "At each side's own draw" },
            { value: "none", label: "None: charged by draw" },
          ]}
          change={(caps) => change({ caps })}
        />
        <NumberInput
          field="prefix"
          label="Cached input"
          unit="tokens"
          value={state.prefix}
          change={(prefix = 0) =>
            change({ prefix: Math.min(prefix, state.isl - 1) })}
        />
        <Check
          label="Caps below what curves were measured for"
          checked={state.allowUnmeasuredCaps}
          change={(allowUnmeasuredCaps) => change({ allowUnmeasuredCaps })}
        />
        <Check
          label="AIConfigurator's correction factors"
          checked={state.corrections}
          change={(corrections) => change({ corrections })}
        />
      </details>
    </section>
  );
}

function Pin(
  { name, layout, change }: {
    readonly name: string;
    readonly layout: Layout | undefined;
    readonly change: (layout: Layout | undefined) => void;
  },
) {
  return (
    <fieldset class="pin">
      <legend>{name} layout</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={layout !== undefined}
          onChange={(event) =>
            change(event.currentTarget.checked ? SINGLE : undefined)}
        />
        <span>{name} layout: {layout ? "pinned" : "searched"}</span>
      </label>
      {layout && (
        <div class="pin-sizes">
          {LAYOUT_FIELDS.filter(([field]) => field !== "cp").map((
            [field, key],
          ) => (
            <label key={field} class="pin-size">
              <span>{field}</span>
              <select
                value={String(layout[key])}
                aria-label={`${name} ${field}`}
                onChange={(event) =>
                  change({
                    ...layout,
                    [key]: Number(event.currentTarget.value),
                  })}
              >
                {RANKS.map((rank) => (
                  <option key={rank} value={String(rank)}>{rank}</option>
                ))}
              </select>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}

function Check(
  { label, checked, change }: {
    readonly label: string;
    readonly checked: boolean;
    readonly change: (checked: boolean) => void;
  },
) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => change(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

function withPin(
  pins: PlanState["pins"],
  side: PinnedSide,
  layout: Layout | undefined,
): PlanState["pins"] {
  const { [side]: _, ...others } = pins;
  return layout ? { ...others, [side]: layout } : others;
}

function onlyOf(
  pins: PlanState["pins"],
  sides: readonly PinnedSide[],
): PlanState["pins"] {
  return Object.fromEntries(
    sides.flatMap((side) => pins[side] ? [[side, pins[side]]] : []),
  );
}
