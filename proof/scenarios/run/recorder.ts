/** Writes down each tick of a run: what was told, what was decided, and what was true. @module */

import type {
  Decision,
  LoopEvent,
  PerSide,
  Side,
  Transition,
} from "../../../planner/mod.ts";
import type { SimulatedWorld } from "../../../simulator/mod.ts";
import type { Scenario } from "../schema/mod.ts";
import type { Snapshot } from "../snapshot.ts";
import type { TableEngines } from "../truth/table_engines.ts";
import type { AllowedBudget } from "./allowed_budget.ts";
import type { ConfigFile } from "./config_file.ts";
import { tokensPerSecond } from "./load.ts";

/** What is looked at. */
export interface RecorderOptions {
  readonly scenario: Scenario;
  readonly world: SimulatedWorld;
  readonly file: ConfigFile;
  readonly allowed: AllowedBudget;
  /** Absent: engines whose truth is not a table. */
  readonly table: TableEngines | undefined;
  readonly posts: () => { readonly taken: number; readonly refused: number };
  readonly plannersUp: () => number;
}

const SIDES = ["prefill", "decode", "agg"] as const;

/** Collects from events, and puts ticks together. */
export class Recorder {
  readonly #on: RecorderOptions;
  #decision: Decision | undefined;
  #transition: Transition | undefined;
  #decisions = 0;
  #writes = 0;
  #clampedMin = 0;
  #clampedMax = 0;
  #searched = false;
  #trigger: string | null = null;
  #peakLimit = 0;
  #peakDraw = 0;
  #drawViolations = 0;
  #oscillations = 0;
  #served = 0;
  readonly #targets = new Map<Side, { replicas: number; direction: number }>();

  constructor(options: RecorderOptions) {
    this.#on = options;
  }

  /** An event of the loop of a process that holds the Lease, or of any while none does. */
  take(event: LoopEvent): void {
    switch (event.kind) {
      case "decided":
        this.#decided(event.record.decision);
        return;
      case "staged":
        this.#transition = event.transition;
        return;
      case "step":
        if (event.outcome.kind === "done") this.#writes++;
        return;
      default:
        return;
    }
  }

  /** Something happened in the world. */
  look(): void {
    const { world, allowed } = this.#on;
    const drawn = drawWatts(world);
    this.#peakLimit = Math.max(this.#peakLimit, world.limitWatts());
    this.#peakDraw = Math.max(this.#peakDraw, drawn);
    if (allowed.watts !== undefined && drawn > allowed.watts + 1e-6) {
      this.#drawViolations++;
    }
  }

  /** The tick that ends now. */
  snapshot(tick: number): Snapshot {
    this.look();
    const { scenario, world, file, allowed, table } = this.#on;
    const decision = this.#decision;
    const live = decision?.observed.live;
    const observed = decision?.observed;
    const { load } = scenario;
    const tokens = load.isl + load.osl;
    const caps = capsOf(world);
    const optimizer = decision?.optimizer;
    const { config } = file.current();
    const toldTps = observed?.requests === undefined
      ? null
      : observed.requests / observed.windowSeconds *
        ((observed.islTokens ?? load.isl) + (observed.oslTokens ?? load.osl));
    const estimated = optimizer?.plan
      ? optimizer.plan.requestsPerSecond * tokens
      : null;
    this.#turns();
    const limitWatts = world.limitWatts();
    const served = world.meter.totalTokens;
    const servedTps = (served - this.#served) / scenario.interval_s *
      (tokens / load.osl);
    this.#served = served;
    const all = [...caps.values()].flat();
    const { taken, refused } = this.#on.posts();
    const c = decision?.coefficients.after;
    const scaler = (side: Side) => world.api.scaler(side)?.replicas ?? null;
    const wanted = (side: Side) =>
      decision?.targets.find((one) => one.side === side)?.capWatts ?? null;
    const snapshot: Snapshot = {
      tick,
      n_p: world.ready("prefill"),
      n_d: world.ready("decode"),
      cap_p: greatest(caps.get("prefill")),
      cap_d: greatest(caps.get("decode")),
      observed_ttft_s: seconds(live?.ttftMs),
      observed_itl_s: seconds(live?.itlMs),
      observed_power_w_p: live?.drawWatts.prefill ?? null,
      observed_power_w_d: live?.drawWatts.decode ?? null,
      observed_capacity_tps: toldTps,
      c_ttft: c?.ttft ?? null,
      c_itl: c?.itl ?? null,
      c_power_p: c?.powerPrefill ?? null,
      c_power_d: c?.powerDecode ?? null,
      estimated_throughput: estimated,
      consecutive_violation_ticks: optimizer?.driftTicks ?? null,
      projected_w: decision?.projectedWatts ?? null,
      budget_w: config.power?.budgetWatts ?? null,
      sweep_fired: this.#searched,
      sla_violated: live
        ? (live.ttftMs ?? 0) > config.ttftMs || (live.itlMs ?? 0) > config.itlMs
        : null,
      capacity_exceeded: toldTps === null || estimated === null
        ? null
        : toldTps >
          estimated * (1 + config.optimizer.driftRelativeThreshold),
      cap_clamped_min: this.#clampedMin,
      cap_clamped_max: this.#clampedMax,
      optimizer_exceptions: optimizer?.exceptionsTotal ?? 0,
      correction_pegged: Object.keys(decision?.coefficients.pegged ?? {})
        .sort().join(","),
      admission_partial_failures: refused,
      n_oscillations: this.#oscillations,
      mocker_active_p: world.ready("prefill"),
      mocker_active_d: world.ready("decode"),
      mocker_kv_hit_rate: live?.kvHitRate ?? null,
      at_s: world.nowMs / 1000,
      n_agg: world.ready("agg"),
      target_p: scaler("prefill"),
      target_d: scaler("decode"),
      target_agg: scaler("agg"),
      cap_agg: greatest(caps.get("agg")),
      lowest_cap_w: all.length === 0 ? null : Math.min(...all),
      highest_cap_w: greatest(all),
      wanted_cap_p: wanted("prefill"),
      wanted_cap_d: wanted("decode"),
      c_power_agg: c?.powerAgg ?? null,
      limits_w: limitWatts,
      peak_limits_w: this.#peakLimit,
      draw_w: drawWatts(world),
      peak_draw_w: this.#peakDraw,
      allowed_w: allowed.watts ?? null,
      violations: world.violations.length,
      draw_violations: this.#drawViolations,
      true_power_w_p: table?.wantedWatts("prefill") ?? null,
      true_power_w_d: table?.wantedWatts("decode") ?? null,
      served_tps: servedTps,
      demand_tps: tokensPerSecond(load, tick),
      utilisation: table?.utilisation ?? null,
      refused_gpus: world.api.reports().flatMap(({ gpus }) => gpus)
        .filter(({ state }) => state === "refused").length,
      waiting_pods: world.nodes.reduce(
        (sum, node) =>
          sum +
          [...node.sandboxes.keys()].filter((uid) => !node.running.has(uid))
            .length,
        0,
      ),
      charged_w: this.#transition?.chargedWatts ?? null,
      compliant: this.#transition?.compliant ?? null,
      settled: this.#transition?.settled ?? null,
      sweep_trigger: this.#trigger,
      searches: optimizer?.searchesTotal ?? 0,
      optimizer: optimizer?.status ?? null,
      disabled_reason: optimizer?.disabledReason ?? null,
      optimizer_failures: optimizer?.failuresTotal ?? 0,
      decisions: this.#decisions,
      planners_up: this.#on.plannersUp(),
      epoch: world.api.lease.epoch,
      waits: kinds(this.#transition?.waits),
      alarms: kinds(this.#transition?.alarms),
      source_problems: kinds(observed?.problems),
      writes: this.#writes,
      posts: taken,
      free_watts: allowed.watts === undefined
        ? null
        : allowed.watts - limitWatts,
    };
    this.#searched = false;
    this.#trigger = null;
    this.#peakLimit = limitWatts;
    this.#peakDraw = drawWatts(world);
    return snapshot;
  }

  #decided(decision: Decision): void {
    this.#decisions++;
    // Between ticks a change of the configuration decides without a look; what was seen stays.
    this.#decision = decision.due.throughput || decision.due.load ||
        !this.#decision
      ? decision
      : { ...decision, observed: this.#decision.observed };
    const { searched } = decision.optimizer;
    if (searched) {
      this.#searched ||= searched === "drift";
      this.#trigger = searched;
    }
    this.#countWishes(decision);
  }

  /** Wishes beyond what the GPU takes: the configured cap without the optimizer, the bridged prediction with it. */
  #countWishes({ optimizer, coefficients }: Decision): void {
    const { world, file } = this.#on;
    const { config } = file.current();
    const facts = world.nodes[0]?.facts;
    if (!facts || !config.power) return;
    const { after } = coefficients;
    const { plan } = optimizer;
    const wishes: PerSide<number | undefined> =
      optimizer.status === "enabled" && plan
        ? {
          prefill: wish(
            plan.points.prefill?.predictedWatts,
            after.powerPrefill,
          ),
          decode: wish(plan.points.decode?.predictedWatts, after.powerDecode),
          agg: wish(plan.points.agg?.predictedWatts, after.powerAgg),
        }
        : {
          prefill: config.power.prefillCapWatts,
          decode: config.power.decodeCapWatts,
        };
    for (const watts of Object.values(wishes)) {
      if (watts === undefined) continue;
      if (watts < facts.minWatts) this.#clampedMin++;
      if (watts > facts.maxWatts) this.#clampedMax++;
    }
  }

  /** Flips of direction against the last change that was one. */
  #turns(): void {
    for (const side of SIDES) {
      const replicas = this.#on.world.api.scaler(side)?.replicas;
      if (replicas === undefined) continue;
      const before = this.#targets.get(side) ?? { replicas, direction: 0 };
      const direction = Math.sign(replicas - before.replicas);
      if (direction !== 0 && before.direction === -direction) {
        this.#oscillations++;
      }
      this.#targets.set(side, {
        replicas,
        direction: direction === 0 ? before.direction : direction,
      });
    }
  }
}

function wish(
  predicted: number | undefined,
  coefficient: number,
): number | undefined {
  return predicted === undefined
    ? undefined
    : Math.ceil(predicted * Math.max(1, coefficient) - 1e-6);
}

/** Limits in force of GPUs on which a pod runs, by side. */
function capsOf(world: SimulatedWorld): Map<Side, number[]> {
  const sideOf = new Map(
    world.api.pods().map(({ pod, side }) => [pod.uid, side]),
  );
  const caps = new Map<Side, number[]>();
  for (const node of world.nodes) {
    if (node.isOff) continue;
    for (const { podUid, limitWatts } of node.gpus) {
      if (podUid === undefined || !node.running.has(podUid)) continue;
      const side = sideOf.get(podUid);
      if (side === undefined) continue;
      const known = caps.get(side);
      if (known) known.push(limitWatts);
      else caps.set(side, [limitWatts]);
    }
  }
  return caps;
}

function drawWatts(world: SimulatedWorld): number {
  let sum = 0;
  for (const { gpus } of world.nodes) {
    for (const gpu of gpus) sum += gpu.drawWatts;
  }
  return sum;
}

function greatest(values: readonly number[] | undefined): number | null {
  return values && values.length > 0 ? Math.max(...values) : null;
}

function seconds(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : milliseconds / 1000;
}

function kinds(list: readonly { readonly kind: string }[] = []): string {
  return [...new Set(list.map(({ kind }) => kind))].sort().join(",");
}
