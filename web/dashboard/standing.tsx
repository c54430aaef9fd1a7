/** Where the fleet stands: watts against the budget, latencies against their targets, and who is in charge. @module */

import {
  milliseconds,
  NOTHING,
  number,
  percent,
  watts,
} from "../page/format.ts";
import type { PlannerStateView } from "./api.ts";
import type { FeedView } from "./feed.ts";

const known = (
  value: number | null | undefined,
  show: (value: number) => string,
) => value === null || value === undefined ? NOTHING : show(value);

/** The band on top. */
export function Standing({ view }: { readonly view: FeedView | undefined }) {
  const state = view?.state;
  const sample = view?.samples.at(-1);
  const decision = view?.decisions[0];
  const live = decision?.observed.live;
  const transition = state?.transition;
  const budget = sample?.budget;
  // A new leader is not compliant before it has stamped everything; over the budget is something else.
  const over = transition !== null && transition !== undefined &&
    !transition.compliant &&
    (sample?.charged ?? Infinity) > (budget ?? 0);
  return (
    <section class="summary" aria-labelledby="standing-heading">
      <div class="headline">
        <h1 id="standing-heading" class={over ? "bad" : ""}>
          {state === undefined
            ? view?.link === "lost"
              ? "No planner answers here"
              : "Connecting to the planner …"
            : budget === null || budget === undefined
            ? "Without a power budget"
            : over
            ? `Over the budget of ${watts(budget)}`
            : `${known(sample?.charged, watts)} of ${watts(budget)} charged`}
        </h1>
        <p>
          {state
            ? describe(state, view.restarts)
            : view?.trouble ?? "Nothing has been read yet."}
        </p>
      </div>
      <dl class="figures">
        <Figure name="Budget in force" value={known(budget, watts)} />
        <Figure
          name="Charged"
          value={known(sample?.charged, watts)}
          of={share(sample?.charged, budget)}
        />
        <Figure
          name="Effective limits"
          value={known(sample?.effective, watts)}
          of={share(sample?.effective, budget)}
        />
        <Figure
          name="Drawn"
          value={known(sample?.drawn, watts)}
          of={share(sample?.drawn, budget)}
        />
        <Figure
          name="TTFT, measured"
          value={known(live?.ttft_ms, milliseconds)}
          of={share(live?.ttft_ms, state?.slo.ttft_ms)}
          target={state && milliseconds(state.slo.ttft_ms)}
        />
        <Figure
          name="ITL, measured"
          value={known(live?.itl_ms, milliseconds)}
          of={share(live?.itl_ms, state?.slo.itl_ms)}
          target={state && milliseconds(state.slo.itl_ms)}
        />
      </dl>
    </section>
  );
}

function describe(state: PlannerStateView, restarts: number): string {
  const { snapshot } = state;
  return [
    `${
      state.served_model_name ?? "A model"
    }, ${state.mode}, ${state.environment} fleet.`,
    state.advisory ? "Advisory: nothing is written." : "",
    state.paused ? "Paused: nothing is written." : "",
    snapshot?.leader === false ? "Another planner holds the Lease." : "",
    snapshot && !snapshot.consistent
      ? "Its view of the fleet is not whole yet: nothing is granted or raised."
      : "",
    `Decision ${state.last_decision_id ?? NOTHING}; the next in ${
      number(Math.ceil(state.next_tick_in_ms / 1000))
    } s.`,
    restarts > 0
      ? `The planner was restarted ${
        restarts === 1 ? "once" : `${restarts} times`
      } while this page was open.`
      : "",
  ].filter((part) => part !== "").join(" ");
}

function share(
  value: number | null | undefined,
  of: number | null | undefined,
): number | undefined {
  return value === null || value === undefined || !of ? undefined : value / of;
}

/** `92 % of 2,000 ms`; far beyond it `148 × 2,000 ms`, which is short enough for a phone. */
function shareText(share: number, whole: string): string {
  return share < MANY
    ? `${percent(share)} of ${whole}`
    : `${number(Math.round(share))} × ${whole}`;
}

/** From here on a percentage says less than a multiple. */
const MANY = 10;

function Figure(
  { name, value, of, target }: {
    readonly name: string;
    readonly value: string;
    readonly of?: number | undefined;
    readonly target?: string | undefined;
  },
) {
  return (
    <div class="figure figure-low">
      <dt>{name}</dt>
      <dd>
        <span class="figure-value">{value}</span>
      </dd>
      <dd class="figure-limit">
        {of !== undefined && (
          <>
            <span class={`bar${of > 1 ? " bar-over" : ""}`} aria-hidden="true">
              <span style={{ width: `${Math.min(100, of * 100)}%` }} />
            </span>
            <span>{shareText(of, target ?? "budget")}</span>
          </>
        )}
      </dd>
    </div>
  );
}
