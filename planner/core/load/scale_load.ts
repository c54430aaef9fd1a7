/** Load scaling of the whole deployment: which side asks for one replica more or less, or why none does (P30–P36). @module */

import type { PlannerConfig } from "../../config/mod.ts";
import type { SideInventory } from "../ledger/mod.ts";
import type { EngineLoad } from "../observation.ts";
import type { LoadDecision } from "../outcome.ts";
import type { Reason, Replicas } from "../reason.ts";
import { scalingOf } from "../settings.ts";
import { type PerSide, type Side, sidesOf } from "../side.ts";
import { easySignal } from "./easy_mode.ts";
import type { LoadMemory } from "./memory.ts";
import { withSamples } from "./samples.ts";
import type { LoadSignal } from "./signal.ts";
import { slaSignal } from "./sla_mode.ts";

/** What load scaling looks at. */
export interface LoadInput {
  readonly config: PlannerConfig;
  readonly memory: LoadMemory;
  readonly inventory: PerSide<SideInventory> | undefined;
  readonly engines: readonly EngineLoad[] | undefined;
  readonly islTokens: number;
  readonly kvHitRate: number | undefined;
  readonly acceptLength: number;
  readonly nowMs: number;
}

/** What it asks for. */
export interface LoadProposal {
  readonly decision: LoadDecision;
  /** Only sides that it wants to move. */
  readonly proposed: Replicas;
  readonly memory: LoadMemory;
  readonly reasons: readonly Reason[];
  readonly estimatedTtftMs: number | undefined;
  readonly estimatedItlMs: number | undefined;
}

/** One step of each side, from live load. Lower bounds, floors and budgets come later. */
export function scaleLoad(input: LoadInput): LoadProposal {
  const sides = sidesOf(input.config.mode);
  const engines = input.engines?.filter(({ side }) => sides.includes(side));
  const memory = { ...input.memory, samples: sampled(input, sides) };
  const skip = (decision: LoadDecision): LoadProposal => ({
    decision,
    proposed: {},
    memory: { ...memory, down: {} },
    reasons: [],
    estimatedTtftMs: undefined,
    estimatedItlMs: undefined,
  });
  const starting = sides.filter((side) => isStarting(input.inventory?.[side]));
  const moving = sides.filter((side) =>
    !starting.includes(side) && !isSettled(input.inventory?.[side])
  );
  if (moving.length > 0) return skip("scaling_in_progress");
  // While replicas start up, only a side that has them may be judged (P36).
  const judgedSides = starting.length > 0 ? starting : sides;
  const of = (side: Side) => engines?.filter((load) => load.side === side);
  if (judgedSides.some((side) => (of(side)?.length ?? 0) === 0)) {
    const nothingServes = judgedSides.every((side) =>
      input.inventory?.[side]?.readyReplicas === 0
    );
    return skip(
      nothingServes && starting.length > 0
        ? "scaling_in_progress"
        : "no_fpm_data",
    );
  }
  const isMismatched = judgedSides.some((side) =>
    !reportsAgree(of(side) ?? [], input.inventory?.[side]?.readyReplicas)
  );
  if (isMismatched) return skip("worker_count_mismatch");
  const signals: readonly (readonly [Side, LoadSignal])[] = judgedSides.map((
    side,
  ) => [side, signalOfSide({ ...input, memory }, side, of(side) ?? [])]);
  const estimates = {
    estimatedTtftMs: signals.find(([, { ttftMs }]) => ttftMs !== undefined)
      ?.[1].ttftMs,
    estimatedItlMs: signals.find(([, { itlMs }]) => itlMs !== undefined)
      ?.[1].itlMs,
  };
  const result = starting.length > 0
    ? cancelled({ ...input, memory }, signals)
    : stepped({ ...input, memory }, signals);
  return { ...estimates, ...result };
}

function sampled(
  { config, memory, engines }: LoadInput,
  sides: readonly Side[],
): LoadMemory["samples"] {
  const scaling = scalingOf(config);
  if (scaling.target !== "sla" || !engines) return memory.samples;
  return Object.fromEntries(
    sides.map((side) => [
      side,
      withSamples(
        memory.samples[side] ?? [],
        engines.filter((load) => load.side === side),
        { side, scaling },
      ),
    ]),
  );
}

function signalOfSide(
  input: LoadInput,
  side: Side,
  engines: readonly EngineLoad[],
): LoadSignal {
  const scaling = scalingOf(input.config);
  const workers = input.inventory?.[side]?.readyReplicas ?? 0;
  return scaling.target === "sla"
    ? slaSignal(engines, side, {
      samples: input.memory.samples[side] ?? [],
      scaling,
      ttftMs: input.config.ttftMs,
      itlMs: input.config.itlMs,
      islTokens: input.islTokens,
      kvHitRate: input.kvHitRate,
      acceptLength: input.acceptLength,
      workers,
    })
    : easySignal(engines, side, { scaling, workers });
}

function stepped(
  { config, inventory, memory }: LoadInput,
  signals: readonly (readonly [Side, LoadSignal])[],
): Omit<LoadProposal, "estimatedTtftMs" | "estimatedItlMs"> {
  const proposed: Partial<Record<Side, number>> = {};
  const reasons: Reason[] = [];
  const seen = new Set<LoadDecision>();
  for (const [side, { signal }] of signals) {
    const from = inventory?.[side]?.readyReplicas ?? 0;
    const to = signal === "up"
      ? from + 1
      : signal === "down"
      ? Math.max(config.floors[side], from - 1)
      : from;
    if (signal === "refused") {
      seen.add("scale_down_refused_consolidation");
      reasons.push({ kind: "consolidation_refused", side });
    }
    if (signal === "no_data") seen.add("insufficient_data");
    if (to === from) continue;
    // A floor above what serves is not load scaling's to reach.
    if (signal === "down" && to > from) continue;
    proposed[side] = to;
    seen.add(to > from ? "scale_up" : "scale_down");
    reasons.push({ kind: "load_scaled", side, from, to });
  }
  return {
    decision: foremost(seen),
    proposed,
    reasons,
    memory: { ...memory, down: {} },
  };
}

/**
 * P36: a signal to go down that lasts one whole load interval cancels replicas that start up. An up signal, a hold, or a
 * replica that became ready begins it anew.
 */
function cancelled(
  { config, inventory, memory, nowMs }: LoadInput,
  signals: readonly (readonly [Side, LoadSignal])[],
): Omit<LoadProposal, "estimatedTtftMs" | "estimatedItlMs"> {
  const down: Partial<Record<Side, LoadMemory["down"][Side]>> = {};
  const proposed: Partial<Record<Side, number>> = {};
  const reasons: Reason[] = [];
  for (const [side, { signal, low }] of signals) {
    const found = inventory?.[side];
    const readyReplicas = found?.readyReplicas ?? 0;
    if (!low || signal === "up") continue;
    const before = memory.down[side];
    const since = before && before.readyReplicas === readyReplicas &&
        before.sinceMs <= nowMs
      ? before.sinceMs
      : nowMs;
    down[side] = { sinceMs: since, readyReplicas };
    if (nowMs - since < config.loadIntervalSeconds * 1000) continue;
    const survivors = signal === "down" ? readyReplicas - 1 : readyReplicas;
    const to = Math.max(config.floors[side], survivors);
    const from = found?.targetReplicas ?? readyReplicas;
    // What starts up is cancelled; it is never turned into growth.
    if (to >= from) continue;
    proposed[side] = to;
    reasons.push({
      kind: "startup_cancelled",
      side,
      startingReplicas: found?.startingReplicas ?? 0,
      from,
      to,
    });
  }
  return {
    decision: reasons.length > 0 ? "scale_down" : "scaling_in_progress",
    proposed,
    reasons,
    memory: { ...memory, down: down as LoadMemory["down"] },
  };
}

/** P34: a step up says more than a step down, and both more than none. */
function foremost(seen: ReadonlySet<LoadDecision>): LoadDecision {
  for (
    const decision of [
      "scale_up",
      "scale_down",
      "scale_down_refused_consolidation",
      "insufficient_data",
    ] as const
  ) {
    if (seen.has(decision)) return decision;
  }
  return "no_change";
}

function isSettled(found: SideInventory | undefined): boolean {
  return found !== undefined && found.rollout === "settled" &&
    found.startingReplicas === 0 && found.readyReplicas !== undefined &&
    (found.targetReplicas ?? found.readyReplicas) === found.readyReplicas;
}

/** Replicas that only start: nothing drains, nothing rolls out, and the counts are known. */
function isStarting(found: SideInventory | undefined): boolean {
  return found !== undefined && found.rollout === "settled" &&
    found.startingReplicas > 0 && found.readyReplicas !== undefined &&
    (found.targetReplicas === undefined ||
      found.targetReplicas >= found.readyReplicas);
}

/** As many workers report as serve, and each with as many ranks as the others. */
function reportsAgree(
  engines: readonly EngineLoad[],
  readyReplicas: number | undefined,
): boolean {
  const ranks = new Map<string, number>();
  for (const { workerId } of engines) {
    ranks.set(workerId, (ranks.get(workerId) ?? 0) + 1);
  }
  const [first, ...rest] = ranks.values();
  return ranks.size === readyReplicas && rest.every((count) => count === first);
}
