/** Which latency target a side misses, and by how much. @module */

import type { NearestMisses } from "../program/search_host.ts";
import type { FleetInfeasible } from "./answer.ts";
import type { FleetQuery, WorkerSide } from "./question.ts";

const NAMES = {
  ttft_ms: "time to first token",
  itl_ms: "inter-token latency",
} as const;

/** @returns undefined when no row of the side was looked at */
export function missedTarget(
  side: WorkerSide,
  misses: NearestMisses,
  query: FleetQuery,
): FleetInfeasible | undefined {
  const ttft = (needed: number, beside = "") =>
    miss("ttft_ms", needed, { side, query, beside });
  const itl = (needed: number, beside = "") =>
    miss("itl_ms", needed, { side, query, beside });
  switch (side) {
    case "prefill":
      if (Number.isFinite(misses.prefillTtftMs)) {
        return ttft(misses.prefillTtftMs);
      }
      return keepsNoCap(side, misses, query);
    case "decode":
      if (Number.isFinite(misses.decodeItlMs)) return itl(misses.decodeItlMs);
      return keepsNoCap(side, misses, query);
    case "agg": {
      // Workers that meet one target say what the other would have to be.
      if (Number.isFinite(misses.aggTtftBesideItlMs)) {
        return ttft(
          misses.aggTtftBesideItlMs,
          ` beside an inter-token latency of ${query.itlMs} ms`,
        );
      }
      if (Number.isFinite(misses.aggItlBesideTtftMs)) {
        return itl(
          misses.aggItlBesideTtftMs,
          ` beside a time to first token of ${query.ttftMs} ms`,
        );
      }
      if (Number.isFinite(misses.aggTtftMs)) return ttft(misses.aggTtftMs);
      return keepsNoCap(side, misses, query);
    }
  }
}

function miss(
  constraint: "ttft_ms" | "itl_ms",
  needed: number,
  { side, query, beside }: {
    readonly side: WorkerSide;
    readonly query: FleetQuery;
    readonly beside: string;
  },
): FleetInfeasible {
  const available = constraint === "ttft_ms" ? query.ttftMs : query.itlMs;
  const under = query.caps.kind === "fixed" ? " under the given cap" : "";
  return {
    constraint,
    message: `The lowest ${NAMES[constraint]} of ${
      side === "agg" ? "aggregated" : side
    } workers at ${query.isl} input tokens${under}${beside} is ${
      needed.toPrecision(4)
    } ms, and the target is ${available} ms.`,
    needed,
    available,
    unit: "ms",
  };
}

/** A given cap that no clock keeps. */
function keepsNoCap(
  side: WorkerSide,
  { capWatts }: NearestMisses,
  { caps }: FleetQuery,
): FleetInfeasible | undefined {
  const needed = capWatts[side];
  if (caps.kind !== "fixed" || !Number.isFinite(needed)) return undefined;
  const available = caps.watts[side] ?? 0;
  return {
    constraint: "watts",
    message:
      `No ${side} batch keeps a cap of ${available} W at any clock: the lowest that one keeps is ${needed} W.`,
    needed,
    available,
    unit: "watts",
  };
}
