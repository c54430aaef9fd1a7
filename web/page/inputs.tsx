/** Everything that can be asked: hardware, power, targets, traffic, layout. @module */

import {
  BACKENDS,
  BUILTIN_MODELS,
  BUILTIN_SYSTEMS,
  type Sizing,
} from "../../optimizer-wasm/portable.ts";
import type { PlanState } from "../plan/state.ts";
import type { StoredPack, TraceShape } from "../worker/protocol.ts";
import { type Choice, Select } from "./choices.tsx";
import { LayoutInputs } from "./layout_inputs.tsx";
import { NumberInput } from "./number_field.tsx";
import { PowerInputs } from "./power_inputs.tsx";
import { TraceInput } from "./trace_input.tsx";

/** What the inputs show and change. */
export interface InputsProps {
  readonly state: PlanState;
  readonly change: (change: Partial<PlanState>) => void;
  readonly packs: readonly StoredPack[];
  readonly maxWatts: number;
  readonly sizing: Sizing | undefined;
  readonly trace: TraceShape | undefined;
  readonly readTrace: (file: File) => void;
  readonly forgetTrace: () => void;
}

/** The choice that stands for the built-in model; no version has this name. */
const BUILT_IN = "builtin";

/** The form. */
export function Inputs(props: InputsProps) {
  const { state, change, packs } = props;
  const systems = [
    ...new Set([
      ...Object.keys(BUILTIN_SYSTEMS),
      ...packs.map(({ system }) => system),
    ]),
  ].sort();
  const versions = packs.filter(({ system, backend, limitWatts }) =>
    system === state.system && backend === state.backend &&
    limitWatts === undefined
  ).map(({ version }): Choice<string> => ({
    value: version,
    label: `${state.backend} ${version} tables`,
  }));
  return (
    <form
      class="inputs"
      aria-label="Plan"
      onSubmit={(event) => event.preventDefault()}
    >
      <section class="group" aria-labelledby="group-hardware">
        <h2 id="group-hardware">Model and hardware</h2>
        <Select
          label="Model"
          value={state.model}
          choices={Object.keys(BUILTIN_MODELS).map((name) => ({
            value: name,
            ...modelLabel(name),
          }))}
          change={(model) => change({ model })}
        />
        <div class="pair">
          <Select
            label="GPU"
            value={state.system}
            choices={systems.map((name) => ({
              value: name,
              label: systemLabel(name),
            }))}
            change={(system) => change({ system, version: undefined })}
          />
          <Select
            label="Backend"
            value={state.backend}
            choices={BACKENDS.map((name) => ({ value: name, label: name }))}
            change={(backend) => change({ backend, version: undefined })}
          />
        </div>
        <Select
          label="Performance data"
          value={state.version ?? BUILT_IN}
          choices={[
            { value: BUILT_IN, label: "Built-in roofline" },
            ...versions,
          ]}
          change={(value) =>
            change({ version: value === BUILT_IN ? undefined : value })}
        />
        <NumberInput
          field="totalGpus"
          label="GPUs, at most"
          unit="GPUs"
          value={state.totalGpus}
          slide={[1, 512]}
          ratio
          change={(totalGpus = state.totalGpus) => change({ totalGpus })}
        />
      </section>
      <PowerInputs {...props} />
      <section class="group" aria-labelledby="group-targets">
        <h2 id="group-targets">Latency targets</h2>
        <NumberInput
          field="ttftMs"
          label="TTFT, at most"
          unit="ms"
          value={state.ttftMs}
          slide={[100, 20_000]}
          step={50}
          ratio
          change={(ttftMs = state.ttftMs) => change({ ttftMs })}
        />
        <NumberInput
          field="itlMs"
          label="ITL, at most"
          unit="ms"
          value={state.itlMs}
          slide={[5, 200]}
          ratio
          change={(itlMs = state.itlMs) => change({ itlMs })}
        />
      </section>
      <section class="group" aria-labelledby="group-traffic">
        <h2 id="group-traffic">Traffic</h2>
        <NumberInput
          field="isl"
          label="Input"
          unit="tokens"
          value={state.isl}
          slide={[100, 128_000]}
          step={100}
          ratio
          change={(isl = state.isl) =>
            change({ isl, prefix: Math.min(state.prefix, isl - 1) })}
        />
        <NumberInput
          field="osl"
          label="Output"
          unit="tokens"
          value={state.osl}
          slide={[10, 16_000]}
          step={10}
          ratio
          change={(osl = state.osl) => change({ osl })}
        />
        <NumberInput
          field="requestRate"
          label="Demand"
          unit="req/s"
          value={state.requestRate}
          empty="all it can"
          change={(requestRate) => change({ requestRate })}
        />
        <TraceInput {...props} />
      </section>
      <LayoutInputs {...props} />
    </form>
  );
}

function modelLabel(
  name: string,
): { readonly label: string; readonly group: string } {
  const slash = name.indexOf("/");
  return { label: name.slice(slash + 1), group: name.slice(0, slash) };
}

function systemLabel(name: string): string {
  const spec = BUILTIN_SYSTEMS[name];
  const shown = name.replace(/_/g, " ").toUpperCase();
  return spec ? `${shown} · ${spec.tdpWatts} W` : shown;
}
