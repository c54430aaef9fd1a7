/** The plan beside the policies that people use instead. @module */

import { capsLabel, fleetLabel } from "../plan/phases.ts";
import { membersOf } from "../plan/fleet_members.ts";
import type { ComparedFleet } from "../worker/protocol.ts";
import type { Answer } from "./answer.ts";
import { brief, milliseconds, NOTHING, number, watts } from "./format.ts";

const POLICIES: readonly {
  readonly policy: ComparedFleet["policy"];
  readonly name: string;
  readonly what: string;
}[] = [
  { policy: "plan", name: "This plan", what: "each side its own cap" },
  {
    policy: "equal_caps",
    name: "Equal caps",
    what: "the best one cap for all GPUs, in steps of 10 W",
  },
  { policy: "own_draw", name: "Caps at own draw", what: "no cap costs speed" },
  {
    policy: "uncapped",
    name: "Uncapped",
    what: "each GPU charged all that it can draw",
  },
];

/** Four rows, always. */
export function Comparison(
  { answer }: { readonly answer: Answer | undefined },
) {
  const rows = answer?.comparison?.rows ?? [];
  const plan = answer?.best?.result.best;
  const most = Math.max(
    1,
    ...rows.map(({ fleet }) => fleet?.tokensPerSecond ?? 0),
  );
  return (
    <section class="panel" aria-labelledby="comparison-heading">
      <h2 id="comparison-heading">
        Beside other policies, inside the same limits
      </h2>
      <div
        class="scroll"
        role="region"
        aria-label="Comparison, table"
        tabIndex={0}
      >
        <table class="comparison">
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col">tokens/s</th>
              <th scope="col" class="num">Caps, W</th>
              <th scope="col" class="num">GPUs</th>
              <th scope="col" class="num">Charged</th>
              <th scope="col" class="num">tokens/s/W</th>
              <th scope="col" class="num">TTFT</th>
              <th scope="col" class="num">ITL</th>
              <th scope="col">Fleet</th>
            </tr>
          </thead>
          <tbody>
            {POLICIES.map(({ policy, name, what }) => {
              const row = rows.find((one) => one.policy === policy);
              const fleet = policy === "plan" ? plan : row?.fleet;
              return (
                <tr key={policy} class={policy === "plan" ? "strong-row" : ""}>
                  <th scope="row">
                    <span class="stack">
                      {name}
                      <span class="range">{what}</span>
                    </span>
                  </th>
                  <td>
                    <span class="cap">
                      <span class="strong">
                        {fleet
                          ? number(fleet.tokensPerSecond)
                          : row
                          ? "no fleet"
                          : NOTHING}
                        {fleet && plan && policy !== "plan" && (
                          <span class="delta">
                            {delta(fleet.tokensPerSecond, plan.tokensPerSecond)}
                          </span>
                        )}
                      </span>
                      <span class="bar" aria-hidden="true">
                        <span
                          style={{
                            width: `${
                              (fleet?.tokensPerSecond ?? 0) / most * 100
                            }%`,
                          }}
                        />
                      </span>
                    </span>
                  </td>
                  <td class="num">
                    {fleet
                      ? membersOf(fleet).map(({ figures }) =>
                        figures.capWatts === undefined
                          ? "none"
                          : number(figures.capWatts)
                      ).join(" / ")
                      : NOTHING}
                  </td>
                  <td class="num">{fleet ? number(fleet.gpus) : NOTHING}</td>
                  <td class="num">{fleet ? watts(fleet.watts) : NOTHING}</td>
                  <td class="num">
                    {fleet && fleet.watts > 0
                      ? brief(fleet.tokensPerSecond / fleet.watts)
                      : NOTHING}
                  </td>
                  <td class="num">
                    {fleet?.ttftMs === undefined
                      ? NOTHING
                      : milliseconds(fleet.ttftMs)}
                  </td>
                  <td class="num">
                    {fleet?.itlMs === undefined
                      ? NOTHING
                      : milliseconds(fleet.itlMs)}
                  </td>
                  <td
                    class="cut"
                    title={row?.why ?? (fleet ? capsLabel(fleet) : "")}
                  >
                    {fleet ? fleetLabel(fleet) : row?.why ?? NOTHING}
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

function delta(value: number, plan: number): string {
  if (plan === 0) return "";
  const share = (value / plan - 1) * 100;
  return ` ${share > 0 ? "+" : share < 0 ? "−" : "±"}${
    number(Math.abs(share), 1)
  } %`;
}
