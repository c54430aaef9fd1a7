/** What binds, and what one step more of it buys. @module */

import type { Relaxation } from "../../optimizer-wasm/portable.ts";
import type { Answer } from "./answer.ts";
import { milliseconds, NOTHING, number } from "./format.ts";

const NAMES: Readonly<Record<Relaxation["constraint"], string>> = {
  power_budget_watts: "Power",
  total_gpus: "GPUs",
  ttft_ms: "TTFT",
  itl_ms: "ITL",
  request_rate: "Demand",
};

const ORDER: readonly Relaxation["constraint"][] = [
  "power_budget_watts",
  "total_gpus",
  "ttft_ms",
  "itl_ms",
  "request_rate",
];

function stepText({ constraint, from, to }: Relaxation): string {
  switch (constraint) {
    case "power_budget_watts":
      return `+${number((to - from) / 1000)} kW`;
    case "total_gpus":
      return `+${number(to - from)} GPUs`;
    case "ttft_ms":
    case "itl_ms":
      return `to ${milliseconds(to)}`;
    case "request_rate":
      return `to ${number(to, 1)} req/s`;
  }
}

/** One line for each constraint, always as many. */
export function Binding({ answer }: { readonly answer: Answer | undefined }) {
  const found = answer?.relaxations?.relaxations ?? [];
  const now = answer?.best?.result.best?.tokensPerSecond ?? 0;
  const most = Math.max(
    1e-9,
    ...found.map(({ tokensPerSecondGained }) => tokensPerSecondGained),
  );
  const binds = found.filter(({ tokensPerSecondGained }) =>
    tokensPerSecondGained > 0
  );
  return (
    <section class="panel" aria-labelledby="binding-heading">
      <h2 id="binding-heading">What binds, and what one step more buys</h2>
      <table class="binding">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Limit</th>
            <th scope="col">One step more</th>
            <th scope="col">Gain</th>
          </tr>
        </thead>
        <tbody>
          {ORDER.map((constraint) => {
            const one = found.find((each) => each.constraint === constraint);
            const gained = one?.tokensPerSecondGained ?? 0;
            return (
              <tr key={constraint} class={gained > 0 ? "binds" : ""}>
                <th scope="row">{NAMES[constraint]}</th>
                <td class="step">
                  {one
                    ? stepText(one)
                    : answer?.relaxations
                    ? "no limit"
                    : NOTHING}
                </td>
                <td class="gain">
                  <span class="bar" aria-hidden="true">
                    <span style={{ width: `${gained / most * 100}%` }} />
                  </span>
                  <span class="gain-text">
                    {one === undefined
                      ? NOTHING
                      : gained > 0
                      ? `+${number(gained)} tokens/s (${
                        number(now > 0 ? gained / now * 100 : 0, 1)
                      } %)`
                      : "nothing"}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="hint binding-note">
        {found.length > 0 && binds.length === 0
          ? "No single limit binds: one step more of any brings nothing."
          : " "}
      </p>
    </section>
  );
}
