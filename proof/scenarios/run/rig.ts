/** Puts a scenario's world, planners and eyes together. @module */

import {
  AdmissionSetter,
  type LoopEvent,
  SimulatedSource,
  withModelFaults,
  WorldClock,
} from "../../../planner/mod.ts";
import { realClock } from "../../../cluster/mod.ts";
import { SimulatedWorld } from "../../../simulator/mod.ts";
import type { Scenario } from "../schema/mod.ts";
import { SYSTEM_ROWS } from "../truth/systems.ts";
import { AllowedBudget } from "./allowed_budget.ts";
import { ConfigFile } from "./config_file.ts";
import { EventLog } from "./event_log.ts";
import { Frontends } from "./frontends.ts";
import { gpusPerReplica, nodesOf, startReplicas } from "./layout.ts";
import { arrivalsOf } from "./load.ts";
import { mockerArrivals, openEngines } from "./open_engines.ts";
import { Planners } from "./planners.ts";
import { Recorder } from "./recorder.ts";
import { type Happenings, resolveEvents } from "./resolve_events.ts";
import { ScenarioSource } from "./source.ts";

/** Midnight of an ordinary Monday. */
const START_MS = Date.UTC(2026, 0, 5);
/** In the usual layout the node of the second decode replica. */
const USUAL_NODE = 4;

/** A scenario, ready to run. */
export interface Rig {
  readonly world: SimulatedWorld;
  readonly clock: WorldClock;
  readonly planners: Planners;
  readonly recorder: Recorder;
  readonly log: EventLog;
  readonly file: ConfigFile;
  readonly allowed: AllowedBudget;
  readonly frontends: Frontends | undefined;
  /** Posts under way. */
  readonly posts: Set<Promise<unknown>>;
}

/** Builds it; nothing has happened yet. */
export async function buildRig(scenario: Scenario): Promise<Rig> {
  const { planner, fleet, interval_s } = scenario;
  const tickMs = interval_s * 1000;
  const gamma = scenario.class === "gamma";
  const row = SYSTEM_ROWS[gamma ? scenario.overlay.system : fleet.system];
  const facts = nodesOf(scenario, row);
  const happenings = resolveEvents(scenario.events, {
    tickMs,
    nodes: facts.map(({ name }) => name),
    bias: gamma ? scenario.overlay.bias : fleet.bias,
    minWatts: row.minWatts,
    maxWatts: row.maxWatts,
    usualNode: (facts[USUAL_NODE] ?? facts.at(-1))?.name ?? "node-1",
  });
  const { model, truth, table, served } = await openEngines(
    scenario,
    row,
    () => world,
  );
  const file = new ConfigFile(planner);
  const allowed = new AllowedBudget(planner.config.power?.budgetWatts);
  const load = gamma && scenario.mocker
    ? { ...scenario.load, isl: scenario.mocker.isl, osl: scenario.mocker.osl }
    : scenario.load;
  const planners: Planners = new Planners({
    clock: {
      now: () => clock.now(),
      wallMs: () => clock.wallMs(),
      sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal),
    },
    source: {
      name: "simulated Prometheus",
      observe: (request, signal) => source.observe(request, signal),
    },
    model: {
      ...model,
      answer: (question) => failing.answer(question),
      searchFleet: (question) => failing.searchFleet(question),
    },
    file,
    lookMs: scenario.look_s * 1000,
    listener: (holder) => (event) => {
      log.take(holder, event);
      listen(holder, event);
    },
  });
  const world: SimulatedWorld = new SimulatedWorld({
    seed: scenario.seed,
    nodes: facts,
    gpusPerReplica: gpusPerReplica(scenario),
    replicas: startReplicas(scenario),
    gated: fleet.gated ?? planner.config.power?.startMode === "gate",
    truth,
    ...(served ? { engines: served } : {}),
    traffic: gamma ? mockerArrivals(scenario) : arrivalsOf(load, interval_s),
    delays: {
      startMs: fleet.start_s * 1000,
      loadMs: fleet.load_s * 1000,
      graceMs: fleet.grace_s * 1000,
      watchMs: fleet.watch_s * 1000,
      evictMs: fleet.evict_s * 1000,
    },
    stepMs: scenario.step_s * 1000,
    loadDrawShare: fleet.load_draw_share,
    faults: happenings.faults,
    faultTargets: [
      { begin: (fault) => log.add("stimulus", fault) },
      planners,
    ],
    strangers: fleet.strangers,
  });
  const failing = withModelFaults(model, world.faults);
  const clock = new WorldClock(world, START_MS);
  const log = new EventLog(tickMs, () => world.nowMs);
  const source = new ScenarioSource({
    truth: new SimulatedSource(
      world,
      Math.max(
        planner.config.throughputIntervalSeconds,
        planner.config.loadIntervalSeconds,
      ),
    ),
    active: world.faults,
    noise: gamma ? scenario.overlay.noise : fleet.noise,
    seed: scenario.seed,
  });
  const frontends = planner.config.admission.mode === "autoset"
    ? new Frontends(world.faults, scenario.seed)
    : undefined;
  const posts = new Set<Promise<unknown>>();
  const recorder = new Recorder({
    scenario,
    world,
    file,
    allowed,
    table,
    posts: () => ({
      taken: frontends?.taken.length ?? 0,
      refused: frontends?.refused ?? 0,
    }),
    plannersUp: () => planners.up,
  });
  const setter = frontends && new AdmissionSetter({
    model: planner.config.servedModelName ?? "simulated",
    pods: frontends,
    fallbackPort: planner.config.admission.frontendHttpPort,
    clock: realClock,
  });
  const stopped = new AbortController();
  function listen(holder: string, event: LoopEvent): void {
    const leader = world.api.lease.holder;
    if (event.kind === "staged") {
      const { transition, snapshot } = event;
      const leads = snapshot.lease?.heldByUs === true &&
        !transition.waits.some(({ kind }) => kind === "take_over");
      if (leads && leader === holder) {
        allowed.seen(transition);
        world.allowedWatts = allowed.watts;
      }
    }
    if (leader !== undefined && leader !== holder && event.kind !== "step") {
      return;
    }
    recorder.take(event);
    if (event.kind !== "decided" || !setter) return;
    const { config } = event.record.inForce;
    const post = setter.apply(event.record.decision.admission, {
      writes: !config.advisory && !config.paused,
      signal: stopped.signal,
    }).then((result) => log.add("admission", result));
    posts.add(post);
    post.finally(() => posts.delete(post));
  }
  world.allowedWatts = allowed.watts;
  world.onEvent = () => recorder.look();
  plan(happenings, { world, source, file, log });
  return {
    world,
    clock,
    planners,
    recorder,
    log,
    file,
    allowed,
    frontends,
    posts,
  };
}

/** What is no fault of the world. */
function plan(
  { crosses, nodesDown, configurations, crashes }: Happenings,
  { world, source, file, log }: {
    readonly world: SimulatedWorld;
    readonly source: ScenarioSource;
    readonly file: ConfigFile;
    readonly log: EventLog;
  },
): void {
  for (const { atMs, cross } of crosses) {
    world.at(atMs, () => source.cross(cross));
  }
  for (const { atMs, node: name, downMs } of crashes) {
    world.at(atMs, () => {
      log.add("stimulus", { kind: "agent_crash", node: name });
      const node = world.nodes.find(({ facts }) => facts.name === name);
      node?.view.deliver();
      node?.crashInPass(world.nowMs);
      world.strike({
        kind: "agent_down",
        node: name,
        atMs: world.nowMs,
        durationMs: downMs,
      });
    });
  }
  for (const { atMs, set } of configurations) {
    world.at(atMs, () => {
      log.add("stimulus", { kind: "configuration", set });
      file.set(set);
    });
  }
  for (const down of nodesDown) {
    world.at(down.atMs, () => {
      for (const side of ["prefill", "decode"] as const) {
        for (const node of nodesWith(world, side).slice(0, down[side])) {
          const fault = {
            kind: "node_lost" as const,
            node,
            outOfService: down.outOfService,
            atMs: world.nowMs,
            ...(down.durationMs === undefined
              ? {}
              : { durationMs: down.durationMs }),
          };
          log.add("stimulus", fault);
          world.strike(fault);
        }
      }
    });
  }
}

/** Nodes on which pods of a side are, the oldest pods' first. */
function nodesWith(
  world: SimulatedWorld,
  side: "prefill" | "decode",
): readonly string[] {
  const names = world.api.pods().filter((one) =>
    one.side === side && !one.pod.terminating
  ).map(({ pod }) => pod.nodeName);
  return [...new Set(names)].filter((name) => name !== undefined);
}
