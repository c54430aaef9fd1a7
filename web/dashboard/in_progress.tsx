/** What is under way, what it waits for, and what is wrong. @module */

import { NOTHING, number, watts } from "../page/format.ts";
import type { PlannerStateView } from "./api.ts";

/** Lines of fixed height that scroll; the totals stand in the head. */
export function InProgress(
  { state }: { readonly state: PlannerStateView | undefined },
) {
  const transition = state?.transition;
  const waits = transition?.waits ?? [];
  const alarms = transition?.alarms ?? [];
  const faults = state?.faults ?? [];
  const now = state?.now_ms ?? 0;
  const isQuiet = waits.length + alarms.length + faults.length === 0 &&
    !transition?.unreachable && !transition?.cut;
  return (
    <section class="panel" aria-labelledby="progress-heading">
      <h2 id="progress-heading">
        In progress{" "}
        <span class="hint-inline">
          {transition
            ? transition.settled
              ? "settled"
              : `${number(transition.steps_total)} steps, ${
                number(transition.waits_total)
              } waits`
            : NOTHING}
        </span>
      </h2>
      <ul class="lines" aria-label="In progress" tabIndex={0}>
        {transition?.unreachable && (
          <li class="bad">
            Unreachable: {watts(transition.unreachable.missing_watts)}{" "}
            are missing.
          </li>
        )}
        {transition?.cut && (
          <li class="warn">
            Budget cut from {watts(transition.cut.from_watts)} to{" "}
            {watts(transition.cut.to_watts)}.
          </li>
        )}
        {alarms.map(({ kind, message }) => (
          <li key={kind + message} class="bad">{message}</li>
        ))}
        {faults.map(({ part, message }) => (
          <li key={part} class="bad">{part}: {message}</li>
        ))}
        {waits.map(({ text, since_ms }) => (
          <li key={text}>
            {text}{" "}
            <span class="hint-inline">
              for {number(Math.max(0, Math.round((now - since_ms) / 1000)))} s
            </span>
          </li>
        ))}
        {isQuiet && (
          <li class="hint">
            {state ? "Nothing is waited for, and nothing is wrong." : NOTHING}
          </li>
        )}
      </ul>
    </section>
  );
}
