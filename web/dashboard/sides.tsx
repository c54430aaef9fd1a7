/** Each side: replicas, caps, and watts charged, effective and drawn. @module */

import { NOTHING, number, watts } from "../page/format.ts";
import type { PlannerStateView, Side } from "./api.ts";
import { sumOf } from "./feed.ts";

const NAMES: Readonly<Record<Side, string>> = {
  prefill: "Prefill",
  decode: "Decode",
  agg: "Workers",
};
const PART: Readonly<Record<Side, string>> = {
  prefill: "prefill",
  decode: "decode",
  agg: "workers",
};

const shown = (value: number | null | undefined) =>
  value === null || value === undefined ? NOTHING : watts(value);

/** The table; two rows are always there. */
export function Sides(
  { state }: { readonly state: PlannerStateView | undefined },
) {
  const sides = Object.keys(state?.sides ?? {}) as Side[];
  const gpus = state?.nodes.flatMap((node) => node.gpus) ?? [];
  return (
    <section class="panel" aria-labelledby="sides-heading">
      <h2 id="sides-heading">Replicas and watts by side</h2>
      <div class="scroll" role="region" aria-label="Sides, table" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Side</th>
              <th scope="col" class="num">Ready / wanted</th>
              <th scope="col" class="num">Starting</th>
              <th scope="col" class="num">Cap</th>
              <th scope="col" class="num">Charged</th>
              <th scope="col" class="num">Effective</th>
              <th scope="col" class="num">Drawn</th>
              <th scope="col">Rollout</th>
            </tr>
          </thead>
          <tbody>
            {sides.map((side) => {
              const one = state?.sides[side];
              const own = gpus.filter((gpu) => gpu.side === side);
              return (
                <tr key={side}>
                  <th scope="row">
                    <span class={`dot dot-${PART[side]}`} aria-hidden="true" />
                    {NAMES[side]}
                  </th>
                  <td class="num strong">
                    {one?.ready_replicas ?? NOTHING} /{" "}
                    {one?.target_replicas ?? NOTHING}
                  </td>
                  <td class="num">{one?.starting_replicas ?? NOTHING}</td>
                  <td class="num">
                    {one?.cap_watts === null || one === undefined
                      ? NOTHING
                      : `${number(one.cap_watts)} W`}
                  </td>
                  <td class="num">
                    {shown(sumOf(
                      (state?.charges ?? []).filter((charge) =>
                        charge.side === side
                      ).map((charge) => charge.watts),
                    ))}
                  </td>
                  <td class="num">
                    {shown(sumOf(own.map((gpu) => gpu.effective_watts)))}
                  </td>
                  <td class="num">
                    {shown(sumOf(own.map((gpu) => gpu.draw_watts)))}
                  </td>
                  <td>{one?.rollout}</td>
                </tr>
              );
            })}
            {Array.from(
              { length: Math.max(0, 2 - sides.length) },
              (_, index) => (
                <tr key={index} class="empty-row">
                  <td colSpan={8}>
                    {index === 0 && sides.length === 0 ? NOTHING : ""}&nbsp;
                  </td>
                </tr>
              ),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
