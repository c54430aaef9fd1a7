/** The best fleet, side by side: replicas, layout, batch, cap and what it does. @module */

import type { FleetSide } from "../../optimizer-wasm/portable.ts";
import { layoutLabel } from "../plan/layout_text.ts";
import { latencyErrorOf } from "../plan/uncertainty.ts";
import { type FleetPart, membersOf } from "../plan/fleet_members.ts";
import type { SideDraw } from "../worker/protocol.ts";
import type { Answer } from "./answer.ts";
import { brief, clockText, NOTHING, number, percent } from "./format.ts";
import { Range, Source } from "./source_chip.tsx";

const NAMES: Readonly<Record<FleetPart, string>> = {
  prefill: "Prefill",
  decode: "Decode",
  workers: "Workers",
};

/** The table; two rows are always there, so that nothing moves. */
export function FleetTable(
  { answer }: { readonly answer: Answer | undefined },
) {
  const best = answer?.best;
  const fleet = best?.result.best;
  const rows = fleet ? membersOf(fleet) : [];
  return (
    <section class="panel" aria-labelledby="fleet-heading">
      <h2 id="fleet-heading">Best fleet</h2>
      <div
        class="scroll"
        role="region"
        aria-label="Best fleet, table"
        tabIndex={0}
      >
        <table class="fleet">
          <thead>
            <tr>
              <th scope="col">Side</th>
              <th scope="col" class="num">Replicas</th>
              <th scope="col">Layout</th>
              <th scope="col" class="num">Batch</th>
              <th scope="col" class="num">GPUs</th>
              <th scope="col">Cap of a GPU</th>
              <th scope="col">Draws uncapped</th>
              <th scope="col" class="num">Clock</th>
              <th scope="col" class="num">Each, req/s</th>
              <th scope="col">Latency</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ side, figures }) => (
              <Row
                key={side}
                side={side}
                figures={figures}
                maxWatts={best?.capRange.maxWatts ?? 0}
                draw={best?.draws.find((draw) => draw.side === side)}
              />
            ))}
            {Array.from(
              { length: 2 - rows.length },
              (_, index) => (
                <tr key={index} class="empty-row">
                  <td colSpan={10}>
                    {rows.length === 0 && index === 0 ? NOTHING : ""}&nbsp;
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

function Row(
  { side, figures, maxWatts, draw }: {
    readonly side: FleetPart;
    readonly figures: FleetSide;
    readonly maxWatts: number;
    readonly draw: SideDraw | undefined;
  },
) {
  const { capWatts, predictedWatts, clock } = figures;
  const free = draw?.freeCapWatts;
  const error = latencyErrorOf(figures);
  return (
    <tr>
      <th scope="row">
        <span class={`dot dot-${side}`} aria-hidden="true" />
        {NAMES[side]}
      </th>
      <td class="num strong">{figures.replicas}</td>
      <td>{layoutLabel(figures.layout)}</td>
      <td class="num">{number(figures.batchSize)}</td>
      <td class="num">{number(figures.replicas * figures.gpusPerReplica)}</td>
      <td>
        <span class="cap">
          <span class="strong">
            {capWatts === undefined ? "no cap" : `${number(capWatts)} W`}
            {free !== undefined && capWatts !== undefined && capWatts < free &&
              <span class="delta">free from {number(free)} W</span>}
          </span>
          <span class="bar" aria-hidden="true">
            <span
              class={`fill-${side}`}
              style={{
                width: `${
                  Math.min(100, (capWatts ?? maxWatts) / maxWatts * 100)
                }%`,
              }}
            />
            {free !== undefined && (
              <i style={{ left: `${Math.min(100, free / maxWatts * 100)}%` }} />
            )}
          </span>
        </span>
      </td>
      <td>
        <span class="stack">
          <span>
            {number(draw?.meanWatts ?? predictedWatts)} W{" "}
            <Source word={figures.powerSource} />
          </span>
          <Range
            interval={draw && { low: draw.lowWatts, high: draw.highWatts }}
            show={(value) => `${number(value)} W`}
          />
        </span>
      </td>
      <td class="num">{clockText(clock)}</td>
      <td class="num">{brief(figures.requestsPerSecond)}</td>
      <td>
        <span class="stack">
          <Source word={figures.latencySource} />
          <span class="range">
            {error === undefined ? NOTHING : `± ${percent(error, 1)}`}
          </span>
        </span>
      </td>
    </tr>
  );
}
