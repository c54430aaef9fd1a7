/** The decisions, newest first, each with its reasons. @module */

import { NOTHING, number, watts } from "../page/format.ts";
import { useState } from "preact/hooks";
import type { DecisionView, Side } from "./api.ts";

/** Decisions that are listed at first, and more with each press. */
const SHOWN = 15;

/** The list. */
export function Decisions(
  { decisions }: { readonly decisions: readonly DecisionView[] },
) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <section class="panel" aria-labelledby="decisions-heading">
      <h2 id="decisions-heading">Decisions and their reasons</h2>
      <ol class="decisions">
        {decisions.slice(0, shown).map((decision, index) => (
          <li key={decision.id}>
            <details open={index === 0}>
              <summary>
                <span class="decision-id">#{decision.id}</span>
                <span class="decision-time">
                  {new Date(decision.at_ms).toISOString().slice(11, 19)} UTC
                </span>
                <span class="decision-load">
                  {decision.predicted
                    ? `${
                      number(decision.predicted.requests_per_second, 1)
                    } req/s expected`
                    : "demand unknown"}
                </span>
                <span class="decision-move">
                  asked {pair(decision, ({ side }) =>
                    decision.proposed_replicas[side])} →{" "}
                  {pair(decision, ({ replicas }) =>
                    replicas)}
                </span>
                <span class="decision-caps">
                  caps {pair(decision, ({ cap_watts }) =>
                    cap_watts ?? undefined)} W
                </span>
                <span class="decision-watts">
                  {decision.projected_watts === null
                    ? NOTHING
                    : watts(decision.projected_watts)}
                  {decision.budget_watts === null
                    ? ""
                    : ` of ${watts(decision.budget_watts)}`}
                </span>
              </summary>
              <ul class="reasons">
                {decision.reasons.map(({ kind, text }, at) => (
                  <li key={at}>
                    <span class="source">{kind.replaceAll("_", " ")}</span>{" "}
                    {text}
                  </li>
                ))}
                {decision.reasons.length === 0 && (
                  <li class="hint">
                    Nothing stood in the way of what was asked for.
                  </li>
                )}
              </ul>
            </details>
          </li>
        ))}
        {decisions.length === 0 && (
          <li class="hint">No decision has been made yet.</li>
        )}
      </ol>
      {decisions.length > shown && (
        <button
          type="button"
          class="quiet"
          onClick={() => setShown(shown + SHOWN)}
        >
          Older decisions
        </button>
      )}
    </section>
  );
}

function pair(
  { targets }: DecisionView,
  of: (target: DecisionView["targets"][number]) => number | undefined,
): string {
  return targets.map((
    target: { readonly side: Side } & DecisionView["targets"][number],
  ) => of(target) ?? NOTHING).join(" + ") || NOTHING;
}
