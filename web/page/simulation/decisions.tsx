/** What the chosen policy had decided at the chosen instant, and why. @module */

import { useId } from "preact/hooks";
import type { PolicyRun } from "../../../proof/portable.ts";
import { clockTime } from "./clock_time.ts";

/** What is shown and chosen. */
export interface DecisionsProps {
  readonly run: PolicyRun | undefined;
  /** The chosen instant, an index of the samples. */
  readonly instant: number;
  readonly pick: (instant: number) => void;
}

/** The instant, the decision in force then, and the ways to the ones around it. */
export function Decisions({ run, instant, pick }: DecisionsProps) {
  const id = useId();
  const samples = run?.samples ?? [];
  const decisions = run?.decisions ?? [];
  const atSeconds = samples[instant]?.atSeconds ?? 0;
  const inForce = decisions.findLastIndex((one) => one.atSeconds <= atSeconds);
  const decision = decisions[inForce];
  const goTo = (index: number) => {
    const found = decisions[index];
    if (!found) return;
    const sample = samples.findIndex((one) => one.atSeconds >= found.atSeconds);
    pick(sample === -1 ? samples.length - 1 : sample);
  };
  const earlier = decisions.findLastIndex((one) =>
    one.atSeconds < (decision?.atSeconds ?? 0) && one.atSeconds >= 0
  );
  const later = decisions.findIndex((one) => one.atSeconds > atSeconds);
  return (
    <section class="panel instant" aria-labelledby={`${id}-heading`}>
      <div class="plot-head">
        <h3 id={`${id}-heading`}>Decision in force</h3>
        <div class="tools">
          <button
            type="button"
            class="quiet"
            disabled={earlier === -1}
            onClick={() => goTo(earlier)}
          >
            Earlier
          </button>
          <button
            type="button"
            class="quiet"
            disabled={later === -1}
            onClick={() => goTo(later)}
          >
            Later
          </button>
        </div>
      </div>
      <div class="instant-row">
        <label for={id}>Instant</label>
        <input
          id={id}
          type="range"
          class="field-slider"
          min={0}
          max={Math.max(0, samples.length - 1)}
          value={instant}
          disabled={samples.length === 0}
          aria-valuetext={clockTime(atSeconds)}
          onInput={(event) => pick(Number(event.currentTarget.value))}
        />
        <output for={id}>
          {samples.length > 0 ? clockTime(atSeconds) : "–"}
        </output>
      </div>
      <div
        class="instant-decision"
        role="region"
        aria-label="Decision"
        tabIndex={0}
      >
        {decision
          ? (
            <>
              <p class="strong">
                {decision.atSeconds < 0
                  ? "Before the count"
                  : clockTime(decision.atSeconds)}: {decision.title}
                {decision.severity !== "info" && (
                  <span class={decision.severity === "alarm" ? "bad" : "warn"}>
                    {` (${decision.severity})`}
                  </span>
                )}
              </p>
              {decision.reasons.length === 0 && (
                <p class="hint">Nothing stood in the way of what was asked.</p>
              )}
              <ul>
                {decision.reasons.map((reason) => <li key={reason}>{reason}
                </li>)}
              </ul>
            </>
          )
          : <p class="hint">{run ? "Nothing was decided yet." : " "}</p>}
      </div>
    </section>
  );
}
