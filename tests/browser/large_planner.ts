/** A real planner with its HTTP side over 125 nodes with 8 GPUs and 1,000 pods, some of them in trouble. @module */

import { parsePlannerConfig } from "../../planner/mod.ts";
import type { FleetSnapshot } from "../../planner/core/mod.ts";
import { WorldClock } from "../../planner/environments/mod.ts";
import {
  PLANNER_BRAIN,
  PlannerLoop,
  Settings,
} from "../../planner/loop/mod.ts";
import { PlanServer } from "../../planner/serve/mod.ts";
import { openBuiltIn } from "../../proof/mod.ts";
import { buildWeb, builtFiles, pages } from "../../web/mod.ts";
import { ThousandPods, thousandPodsConfig } from "../bench/thousand_pods.ts";

const INTERVAL_SECONDS = 60;
const LOOK_SECONDS = 20;
const START_MS = 1_800_000_000_000;

/** GPUs that nobody could hold, and a node whose agent is silent: what a person looks for among a thousand. */
export const TROUBLED = {
  node: "node-117",
  gpu: 3,
  reason: "The driver refuses to set the limit.",
  silent: "node-88",
} as const;
const SILENT_MS = 95_000;

class TroubledPods extends ThousandPods {
  override async snapshot(): Promise<FleetSnapshot> {
    const snapshot = await super.snapshot();
    return {
      ...snapshot,
      reports: snapshot.reports.map((report) =>
        report.nodeName === TROUBLED.silent
          ? {
            ...report,
            observedAt: new Date(report.observedAt.getTime() - SILENT_MS),
          }
          : report.nodeName === TROUBLED.node
          ? {
            ...report,
            gpus: report.gpus.map((gpu) =>
              gpu.index === TROUBLED.gpu
                ? { ...gpu, state: "refused", reason: TROUBLED.reason }
                : gpu
            ),
          }
          : report
      ),
    };
  }
}

/** The planner, served; `tick` makes it decide once more. */
export interface LargePlanner extends AsyncDisposable {
  readonly url: string;
  readonly tick: () => Promise<void>;
}

/** Starts it; a few decisions are made before it is there. */
export async function startLargePlanner(): Promise<LargePlanner> {
  await buildWeb();
  const files = await builtFiles();
  if (!files) throw new Error("The pages are not built.");
  const page = pages(files, { withPlanner: true });
  const { config } = parsePlannerConfig({
    text: thousandPodsConfig(INTERVAL_SECONDS),
    name: "large",
  });
  const { model } = await openBuiltIn(config);
  let nowMs = 0;
  const clock = new WorldClock({
    get nowMs() {
      return nowMs;
    },
    advance: (milliseconds) => void (nowMs += milliseconds),
  }, START_MS);
  const loop = new PlannerLoop({
    clock,
    fleet: new TroubledPods(clock, { prefill: 600, decode: 400 }),
    settings: new Settings(config, model),
    brain: PLANNER_BRAIN,
    times: { lookMs: LOOK_SECONDS * 1000 },
    source: {
      name: "steady traffic",
      observe: ({ atMs, windowSeconds }) =>
        Promise.resolve({
          atMs,
          windowSeconds,
          requests: 900 * windowSeconds,
          islTokens: 3000,
          oslTokens: 250,
        }),
    },
  });
  const server = new PlanServer({ loop });
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);
  const tick = () => clock.runTo(clock.now() + INTERVAL_SECONDS * 1000);
  for (let ticks = 0; ticks < 2; ticks++) await tick();
  const { port } = server.listen({ hostname: "127.0.0.1", port: 0 }, {
    handle: (request) => Promise.resolve(page(request)),
  });
  return {
    url: `http://127.0.0.1:${port}/`,
    tick,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      // Time goes on until the loop has ended.
      let ended = false;
      running.finally(() => ended = true);
      while (!ended) await tick();
      await server[Symbol.asyncDispose]();
    },
  };
}
