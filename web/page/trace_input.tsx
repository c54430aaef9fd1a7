/** A dropped trace file gives the lengths and the demand. @module */

import { useId } from "preact/hooks";
import { brief, number } from "./format.ts";
import type { InputsProps } from "./inputs.tsx";

/** Where a trace is dropped, and what it said. */
export function TraceInput(
  { trace, readTrace, forgetTrace, change }: InputsProps,
) {
  const id = useId();
  if (trace) {
    return (
      <div class="trace" role="group" aria-label="Trace">
        <p class="trace-name" title={trace.name}>{trace.name}</p>
        <p class="hint">
          {number(trace.requests)} requests over {span(trace.spanSeconds)}; mean
          {" "}
          {number(trace.meanIsl)} in, {number(trace.meanOsl)} out;{" "}
          {brief(trace.meanRate)} req/s, busiest {number(trace.windowSeconds)} s
          {" "}
          {brief(trace.peakRate)} req/s.
          {trace.badLines > 0 && ` ${number(trace.badLines)} lines left out.`}
        </p>
        <div class="row">
          <button
            type="button"
            class="quiet"
            onClick={() =>
              change({ requestRate: Number(trace.peakRate.toPrecision(6)) })}
          >
            Demand of its busiest window
          </button>
          <button type="button" class="quiet" onClick={forgetTrace}>
            Forget
          </button>
        </div>
      </div>
    );
  }
  return (
    <div class="drop">
      <label for={id}>
        Trace file{" "}
        <span class="hint-inline">Azure CSV or Mooncake JSON lines</span>
      </label>
      <input
        id={id}
        type="file"
        accept=".csv,.jsonl,.json,.gz,.txt"
        onChange={(event) => {
          const { files } = event.currentTarget;
          const file = files?.[0];
          if (file) readTrace(file);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}

function span(seconds: number): string {
  if (seconds >= 172_800) return `${number(seconds / 86_400, 1)} days`;
  if (seconds >= 7200) return `${number(seconds / 3600, 1)} h`;
  return seconds >= 120
    ? `${number(seconds / 60)} min`
    : `${number(seconds)} s`;
}
