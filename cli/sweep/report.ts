/** The answer of `sweep` for a person: the best fleet, what binds, the ranked ones, the frontiers. @module */

import {
  type FleetCandidate,
  type FleetSide,
  idleReason,
  type Layout,
  type SweepAnswer,
} from "../../optimizer-wasm/mod.ts";
import { type Column, renderRows } from "../render.ts";
import { plot } from "./plot.ts";

const grouped = (value: number, digits = 0) =>
  value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

/** `tp4`, `tp1 dp8 moe_tp8`: sizes of 1 left out, but for tp. */
export function layoutText({ tp, pp, dp, moeTp, moeEp, cp }: Layout): string {
  const parts = [
    ["pp", pp],
    ["dp", dp],
    ["moe_tp", moeTp],
    ["moe_ep", moeEp],
    ["cp", cp],
  ] as const;
  return [
    `tp${tp}`,
    ...parts.filter(([, size]) => size > 1).map(([name, size]) =>
      `${name}${size}`
    ),
  ].join(" ");
}

function sideText(side: FleetSide | undefined): string {
  if (!side) return "–";
  return `${side.replicas}× ${layoutText(side.layout)} batch ${side.batchSize}`;
}

function capText(fleet: FleetCandidate): string {
  const caps = [fleet.prefill, fleet.decode, fleet.workers].flatMap((side) =>
    side ? [side.capWatts === undefined ? "–" : grouped(side.capWatts)] : []
  );
  return caps.join("/");
}

const COLUMNS: readonly Column<FleetCandidate>[] = [
  { key: "mode", value: ({ mode }) => mode },
  {
    key: "first",
    title: "prefill / workers",
    value: ({ prefill, workers }) => sideText(prefill ?? workers),
  },
  { key: "decode", value: ({ decode }) => sideText(decode) },
  { key: "caps", title: "caps W", value: capText },
  {
    key: "tokens_per_second",
    title: "tokens/s",
    value: ({ tokensPerSecond }) => tokensPerSecond,
    show: ({ tokensPerSecond }) => grouped(tokensPerSecond, 1),
  },
  {
    key: "ttft_ms",
    title: "TTFT ms",
    value: ({ ttftMs }) => ttftMs,
    show: ({ ttftMs }) => ttftMs === undefined ? "–" : ttftMs.toFixed(1),
  },
  {
    key: "itl_ms",
    title: "ITL ms",
    value: ({ itlMs }) => itlMs,
    show: ({ itlMs }) => itlMs === undefined ? "–" : itlMs.toFixed(2),
  },
  { key: "gpus", title: "GPUs", value: ({ gpus }) => gpus },
  {
    key: "watts",
    title: "W",
    value: ({ watts }) => watts,
    show: ({ watts }) => grouped(watts),
  },
];

/** The report. */
export function sweepReport(answer: SweepAnswer): string {
  const { result } = answer;
  return [
    heading(answer),
    result.best ? bestText(answer, result.best) : infeasibleText(answer),
    result.ranked.length > 1
      ? `\nBest of each pair of layouts:\n${
        renderRows(result.ranked, COLUMNS, "table")
      }`
      : "",
    frontiers(answer),
    provenanceText(answer),
  ].filter((part) => part !== "").join("\n");
}

function heading({ space, query }: SweepAnswer): string {
  const gpus = query.totalGpus === undefined
    ? ""
    : ` on up to ${grouped(query.totalGpus)}`;
  const watts = query.budgetWatts === undefined
    ? ""
    : ` inside ${grouped(query.budgetWatts)} W`;
  const demand = query.requestRate === undefined
    ? ""
    : `, ${query.requestRate} requests/s`;
  return `${space.model}${gpus} ${space.system} (${space.backend})${watts}
${query.isl} input and ${query.osl} output tokens${demand}, TTFT ≤ ${query.ttftMs} ms, ITL ≤ ${query.itlMs} ms
`;
}

function bestText(answer: SweepAnswer, best: FleetCandidate): string {
  const lines = [
    `Best: ${grouped(best.tokensPerSecond, 1)} tokens/s (${
      best.requestsPerSecond.toFixed(2)
    } requests/s) with ${best.gpus} GPUs and ${grouped(best.watts)} W of ${
      answer.query.caps.kind === "none" ? "draw" : "caps"
    }.`,
    ...sideLines("prefill", best.prefill),
    ...sideLines("decode", best.decode),
    ...sideLines("workers", best.workers),
    ...latencyLines(best),
  ];
  const idle = idleReason(answer, best);
  if (idle) lines.push(`  ${idle}`);
  const gains = answer.relaxations
    .filter(({ tokensPerSecondGained }) => tokensPerSecondGained > 0)
    .map(({ constraint, to, tokensPerSecondGained }) =>
      `${constraint} ${grouped(to, Number.isInteger(to) ? 0 : 1)} → +${
        grouped(tokensPerSecondGained)
      } tokens/s`
    );
  if (answer.relaxations.length > 0) {
    lines.push(
      gains.length > 0
        ? `  One step more of what binds: ${gains.join(", ")}.`
        : "  No single constraint binds: one step more of any brings nothing.",
    );
  }
  return `${lines.join("\n")}\n`;
}

function sideLines(name: string, side: FleetSide | undefined): string[] {
  if (!side) return [];
  const cap = side.capWatts === undefined
    ? "no cap"
    : `cap ${grouped(side.capWatts)} W`;
  const clock = side.clock === undefined
    ? ", latency measured at this cap"
    : side.clock < 1
    ? `, clock at ${(side.clock * 100).toFixed(0)} %, latency ±${
      (side.latencyError * 100).toFixed(0)
    } %`
    : "";
  return [
    `  ${name.padEnd(8)} ${side.replicas} × ${
      layoutText(side.layout)
    }, batch ${side.batchSize}, ${cap} a GPU (draws ${
      grouped(side.predictedWatts)
    } W uncapped, ${side.powerSource})${clock}`,
  ];
}

function latencyLines({ ttftMs, itlMs }: FleetCandidate): string[] {
  const parts = [
    ...(ttftMs === undefined ? [] : [`TTFT ${ttftMs.toFixed(1)} ms`]),
    ...(itlMs === undefined ? [] : [
      `ITL ${itlMs.toFixed(2)} ms (${
        (1000 / itlMs).toFixed(1)
      } tokens/s for each user)`,
    ]),
  ];
  return [`  ${parts.join(", ")}`];
}

function infeasibleText({ result }: SweepAnswer): string {
  const { infeasible } = result;
  return `Infeasible (${infeasible?.constraint}): ${infeasible?.message}\n`;
}

function frontiers(
  { userFrontier, wattsFrontier, result, query }: SweepAnswer,
) {
  const gpus = query.totalGpus ?? 1;
  const { best } = result;
  if (userFrontier.length === 0) return "";
  const byUser = plot([
    ...userFrontier.map((fleet) => ({
      x: 1000 / (fleet.itlMs ?? Infinity),
      y: fleet.tokensPerSecond / gpus,
    })),
    ...(best?.itlMs === undefined
      ? []
      : [{ x: 1000 / best.itlMs, y: best.tokensPerSecond / gpus, mark: "◆" }]),
  ], {
    title: "What speed for each user costs",
    x: "tokens/s for each user",
    y: "tokens/s/GPU",
  });
  const byWatts = plot([
    ...wattsFrontier.map(({ budgetWatts, best: fleet }) => ({
      x: budgetWatts / 1000,
      y: fleet.tokensPerSecond,
    })),
    ...(best && query.budgetWatts !== undefined
      ? [{ x: query.budgetWatts / 1000, y: best.tokensPerSecond, mark: "◆" }]
      : []),
  ], { title: "What watts buy", x: "budget kW", y: "tokens/s" });
  return [byUser, byWatts].filter((text) => text !== "").join("\n");
}

function provenanceText({ result, loadMs, frontierMs }: SweepAnswer): string {
  const { provenance, stats } = result;
  const { corrections } = provenance;
  const factors = corrections.prefillLatency === 1 &&
      corrections.decodeLatency === 1 && corrections.ttftQueueing === 1
    ? "without AIC's corrections"
    : `AIC's corrections: prefill ×${corrections.prefillLatency}, TTFT ×${corrections.ttftQueueing}, decode ×${corrections.decodeLatency}, rates ×${corrections.prefillRate}/${corrections.decodeRate}`;
  const curve = provenance.caps === "free" || provenance.caps === "fixed"
    ? `\nPower curve: vmin ${provenance.curve.vmin}, s ${provenance.curve.slope}, P0 ${provenance.curve.staticWatts} W, declared latency error ${
      provenance.curve.errors.slice(0, 3).map((error) =>
        `±${(error * 100).toFixed(0)} %`
      ).join("/")
    } at a cap of 0.8–1/0.6–0.8/0.45–0.6 of the own draw (${provenance.curve.standing}).`
    : "";
  const refused = provenance.refused.length > 0
    ? ` ${provenance.refused.length} layouts were refused (--output json names them).`
    : "";
  return `Data: ${provenance.dataVersion} (${provenance.databaseMode}); ${factors}.${curve}
${grouped(stats.candidates)} operating points in ${
    stats.searchMs.toFixed(1)
  } ms, frontiers in ${frontierMs.toFixed(0)} ms, data loaded in ${
    loadMs.toFixed(0)
  } ms.${refused}
`;
}
