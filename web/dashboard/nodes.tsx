/** Node by node: watts, how old the agent's report is, and which GPUs are not enforced and why. @module */

import { NOTHING, number, watts } from "../page/format.ts";
import type { GpuView, PlannerStateView } from "./api.ts";
import { sumOf } from "./feed.ts";

/** A report that is older is an alarm elsewhere; here it stands out. */
const OLD_REPORT_SECONDS = 30;
/** States of a GPU that is held to what was asked for, or that nobody asked anything of. */
const HELD = new Set(["enforced", "released", "unmanaged", "prearmed"]);

const shown = (value: number | null) => value === null ? NOTHING : watts(value);

/** The GPUs of a node that are not held to what was asked for. */
export function notEnforced(gpus: readonly GpuView[]): GpuView[] {
  return gpus.filter(({ state }) => !HELD.has(state));
}

/** The table. */
export function Nodes(
  { state }: { readonly state: PlannerStateView | undefined },
) {
  const nodes = state?.nodes ?? [];
  const loose = nodes.flatMap((node) =>
    notEnforced(node.gpus).map((gpu) => ({ node: node.node_name, gpu }))
  );
  return (
    <section class="panel" aria-labelledby="nodes-heading">
      <h2 id="nodes-heading">
        Nodes{" "}
        <span class="hint-inline">
          {state ? number(state.nodes_total) : NOTHING}
        </span>
      </h2>
      <div
        class="scroll node-table"
        role="region"
        aria-label="Nodes, table"
        tabIndex={0}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col" class="num">GPUs in use</th>
              <th scope="col" class="num">Charged</th>
              <th scope="col" class="num">Effective</th>
              <th scope="col" class="num">Drawn</th>
              <th scope="col" class="num">Report</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map(({ node_name, report_age_ms, gpus }) => {
              const used = gpus.filter(({ side }) => side !== null);
              const age = Math.round(report_age_ms / 1000);
              return (
                <tr key={node_name}>
                  <th scope="row">{node_name}</th>
                  <td class="num">{used.length} / {gpus.length}</td>
                  <td class="num">
                    {shown(sumOf(
                      (state?.charges ?? []).filter((charge) =>
                        charge.node_name === node_name
                      ).map((charge) => charge.watts),
                    ))}
                  </td>
                  <td class="num">
                    {shown(sumOf(used.map((gpu) => gpu.effective_watts)))}
                  </td>
                  <td class="num">
                    {shown(sumOf(used.map((gpu) => gpu.draw_watts)))}
                  </td>
                  <td class={`num${age > OLD_REPORT_SECONDS ? " warn" : ""}`}>
                    {number(age)} s old
                  </td>
                </tr>
              );
            })}
            {nodes.length === 0 && (
              <tr>
                <td colSpan={6}>
                  {state ? "No agent has reported." : NOTHING}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <h3>
        Not enforced{" "}
        <span class="hint-inline">
          {state ? number(loose.length) : NOTHING}
        </span>
      </h3>
      <ul
        class="lines lines-short"
        aria-label="GPUs that are not enforced"
        tabIndex={0}
      >
        {loose.map(({ node, gpu }) => (
          <li key={gpu.gpu_uuid}>
            <b>{node} GPU {gpu.index}</b> {gpu.state}:{" "}
            {gpu.reason || "no reason was given"}
          </li>
        ))}
        {loose.length === 0 && (
          <li class="hint">
            {state ? "Every GPU is held to what was asked for." : NOTHING}
          </li>
        )}
      </ul>
    </section>
  );
}
