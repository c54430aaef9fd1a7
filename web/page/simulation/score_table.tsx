/** Policies side by side, ours first, the best of each row marked. @module */

import type { ScoreCell } from "../../../proof/portable.ts";
import { POLICIES } from "./policies.ts";
import { NOTHING } from "../format.ts";
import type { Simulation } from "./use_simulation.ts";

/** The table; policies that are not done have dashes. */
export function ScoreTable(
  { simulation }: { readonly simulation: Simulation },
) {
  const { table, runs } = simulation;
  return (
    <div
      class="scroll score-table"
      role="region"
      aria-label="Scores, table"
      tabIndex={0}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Figure</span>
            </th>
            {POLICIES.map(({ policy, name, what }) => (
              <th
                key={policy}
                scope="col"
                class={policy === "wattkeeper" ? "num ours" : "num"}
                title={runs.find((run) => run.policy === policy)?.rule ?? what}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.map(({ name, cells }) => (
            <tr key={name}>
              <th scope="row" class={name.startsWith(" ") ? "sub-row" : ""}>
                {name.trim()}
              </th>
              {POLICIES.map(({ policy }) => {
                const cell = cells[
                  runs.findIndex((run) => run.policy === policy)
                ];
                return (
                  <td
                    key={policy}
                    class={`num${policy === "wattkeeper" ? " ours" : ""}${
                      cell?.best ? " best" : ""
                    }`}
                  >
                    <Figure key={`${cell?.text} ${cell?.best}`} cell={cell} />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One figure; another one is another element, so that nothing seems to move. */
function Figure({ cell }: { readonly cell: ScoreCell | undefined }) {
  return (
    <span>
      {cell?.text ?? NOTHING}
      <span class="best-mark">
        {cell?.best && (
          <>
            <span aria-hidden="true">★</span>
            <span class="visually-hidden">, best</span>
          </>
        )}
      </span>
    </span>
  );
}
