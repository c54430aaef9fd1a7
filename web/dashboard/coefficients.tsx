/** How measured figures correct the model (R14), and whether one sits at its limit or is hidden by a cap. @module */

import { NOTHING, number } from "../page/format.ts";
import type { DecisionView } from "./api.ts";

const NAMES: readonly (readonly [key: string, name: string, what: string])[] = [
  ["ttft", "c TTFT", "measured ÷ predicted time to first token"],
  ["itl", "c ITL", "measured ÷ predicted inter-token latency"],
  ["power_prefill", "c power, prefill", "measured ÷ predicted draw"],
  ["power_decode", "c power, decode", "measured ÷ predicted draw"],
  ["power_agg", "c power, workers", "measured ÷ predicted draw"],
];
const [LEAST, MOST] = [0.5, 2];

/** One line for each coefficient. */
export function Coefficients(
  { decision }: { readonly decision: DecisionView | undefined },
) {
  const all = decision?.coefficients;
  return (
    <section class="panel" aria-labelledby="coefficients-heading">
      <h2 id="coefficients-heading">
        Coefficients{" "}
        <span class="hint-inline">
          {decision ? `decision ${decision.id}` : NOTHING}
        </span>
      </h2>
      <div
        class="scroll"
        role="region"
        aria-label="Coefficients, table"
        tabIndex={0}
      >
        <table class="coefficients">
          <thead>
            <tr>
              <th scope="col">Coefficient</th>
              <th scope="col" class="num">Value</th>
              <th scope="col">0.5 … 2</th>
              <th scope="col">Last change</th>
            </tr>
          </thead>
          <tbody>
            {NAMES.map(([key, name, what]) => {
              const value = all?.after[key];
              const update = all?.updates.find(({ coefficient }) =>
                coefficient === key
              );
              const pegged = all?.pegged_since_ms[key] !== undefined;
              return (
                <tr key={key}>
                  <th scope="row" title={what}>{name}</th>
                  <td class={`num strong${pegged ? " warn" : ""}`}>
                    {value === undefined ? NOTHING : number(value, 3)}
                  </td>
                  <td>
                    <span class="bar" aria-hidden="true">
                      {value !== undefined && (
                        <i style={{ left: `${place(value)}%` }} />
                      )}
                    </span>
                  </td>
                  <td>
                    {pegged
                      ? <span class="warn">at its limit</span>
                      : update?.censored
                      ? <span class="warn">hidden by a cap</span>
                      : update
                      ? `from ${number(update.before, 3)}`
                      : NOTHING}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Ratios are read by their logarithm: 1 is in the middle of 0.5 and 2. */
function place(value: number): number {
  const inside = Math.min(MOST, Math.max(LEAST, value));
  return Math.log(inside / LEAST) / Math.log(MOST / LEAST) * 100;
}
