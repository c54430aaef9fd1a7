/** Node by node, those in trouble first, a page at a time: watts, age of the agent's report, what is not enforced and why. @module */

import { useState } from "preact/hooks";
import { NOTHING, number, watts } from "../page/format.ts";
import type { PlannerStateView } from "./api.ts";
import { nodeRows } from "./node_rows.ts";

/** Nodes on one page. */
const PAGE = 25;
/** GPUs that are listed with their reasons; more are counted. */
const MOST_LOOSE = 50;

const shown = (value: number | null) => value === null ? NOTHING : watts(value);

/** The table, and the GPUs that are not enforced. */
export function Nodes(
  { state }: { readonly state: PlannerStateView | undefined },
) {
  const [asked, setPage] = useState(0);
  const rows = state ? nodeRows(state) : [];
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  const page = Math.min(asked, pages - 1);
  const here = rows.slice(page * PAGE, (page + 1) * PAGE);
  const loose = rows.flatMap(({ name, loose }) =>
    loose.map((gpu) => ({ node: name, gpu }))
  );
  return (
    <section class="panel" aria-labelledby="nodes-heading">
      <div class="plot-head">
        <h2 id="nodes-heading">
          Nodes{" "}
          <span class="hint-inline">
            {state ? number(state.nodes_total) : NOTHING}
          </span>
        </h2>
        {pages > 1 && (
          <div class="tools" role="group" aria-label="Pages of nodes">
            <span class="hint-inline">
              {number(page * PAGE + 1)}–{number(page * PAGE + here.length)}
            </span>
            <button
              type="button"
              class="quiet"
              disabled={page === 0}
              onClick={() =>
                setPage(page - 1)}
            >
              Previous
            </button>
            <button
              type="button"
              class="quiet"
              disabled={page === pages - 1}
              onClick={() =>
                setPage(page + 1)}
            >
              Next
            </button>
          </div>
        )}
      </div>
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
              <th scope="col" class="num">Not enforced</th>
              <th scope="col" class="num">Report</th>
            </tr>
          </thead>
          <tbody>
            {here.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td class="num">{row.usedGpus} / {row.gpus}</td>
                <td class="num">{shown(row.charged)}</td>
                <td class="num">{shown(row.effective)}</td>
                <td class="num">{shown(row.drawn)}</td>
                <td class={`num${row.loose.length > 0 ? " warn strong" : ""}`}>
                  {row.loose.length > 0 ? number(row.loose.length) : NOTHING}
                </td>
                <td class={`num${row.isOld ? " warn strong" : ""}`}>
                  {number(row.ageSeconds)} s old
                </td>
              </tr>
            ))}
            {rows.length === 0 && (
              <tr>
                <td colSpan={7}>
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
        {loose.slice(0, MOST_LOOSE).map(({ node, gpu }) => (
          <li key={gpu.gpu_uuid}>
            <b>{node} GPU {gpu.index}</b> {gpu.state}:{" "}
            {gpu.reason || "no reason was given"}
          </li>
        ))}
        {loose.length > MOST_LOOSE && (
          <li class="hint">and {number(loose.length - MOST_LOOSE)} more</li>
        )}
        {loose.length === 0 && (
          <li class="hint">
            {state ? "Every GPU is held to what was asked for." : NOTHING}
          </li>
        )}
      </ul>
    </section>
  );
}
