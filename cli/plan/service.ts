/** `plan` as a service: the loop over a fleet until it is told to stop. @module */

import {
  type ConfigWatch,
  explain,
  type LoopEvent,
  openDecisionLog,
  type OpenedModel,
  openEnvironment,
  type PlannerConfig,
  type PlannerService,
  recordJson,
  runService,
  StateFile,
  stepJson,
} from "../../planner/mod.ts";
import { HeapKeeper, logger, WattkeeperError } from "../../service/mod.ts";
import { builtFiles, type PageHandler, pages } from "../../web/mod.ts";
import type { CommandContext } from "../command.ts";
import type { ListenAddress } from "./listen_address.ts";
import { LiveStatus } from "./live_status.ts";

/** What is served. */
export interface ServeInput {
  readonly config: PlannerConfig;
  readonly openModel: () => Promise<OpenedModel>;
  readonly watch: ConfigWatch | undefined;
  readonly once: boolean;
  readonly listen: ListenAddress | undefined;
  readonly legacyNames: boolean;
  readonly decisionsPath: string | undefined;
  readonly statePath: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly kubeContext: string | undefined;
  /** Simulated seconds a second. */
  readonly speed: number;
  readonly seed: number;
}

/** The status is drawn again this often, milliseconds. */
const REDRAW_MS = 250;

/** Runs until ^C or SIGTERM, or for one decision. @returns the exit code */
export async function serve(
  context: CommandContext,
  input: ServeInput,
): Promise<number> {
  const { once, speed } = input;
  // One decision to look at is nothing to act on.
  const config = once ? { ...input.config, advisory: true } : input.config;
  if (context.output === "json" && !once) {
    throw new WattkeeperError(
      "invalid_usage",
      "A planner that runs on has no one answer to print as JSON.",
      {
        where: "--output",
        remedy: "Write --output jsonl for a line a decision, or add --once.",
      },
    );
  }
  if (speed !== 1 && config.environment !== "simulated") {
    throw new WattkeeperError(
      "invalid_usage",
      `--speed needs a simulated environment, and this one is ${config.environment}.`,
      { where: "--speed", remedy: "Leave --speed out." },
    );
  }
  if (config.environment === "virtual" && !input.listen) {
    throw new WattkeeperError(
      "invalid_usage",
      "A virtual fleet is reached over HTTP, and nothing is served.",
      { where: "--listen", remedy: "Add --listen 127.0.0.1:9090." },
    );
  }
  const opened = await input.openModel();
  const { model } = opened;
  await using environment = await openEnvironment(config, opened, {
    speed,
    seed: input.seed,
    kubeconfig: input.kubeconfig,
    context: input.kubeContext,
    signal: context.signal,
  });
  for (const notice of environment.notices) logger("planner").info(notice);
  await using decisions = input.decisionsPath === undefined
    ? undefined
    : await openDecisionLog(input.decisionsPath);
  let timer: ReturnType<typeof setInterval> | undefined;
  let feasible = true;
  const heap = new HeapKeeper();
  try {
    await runService({
      config,
      model,
      environment,
      stateFile: input.statePath === undefined
        ? undefined
        : new StateFile(input.statePath),
      decisions,
      ...(input.listen
        ? { listen: input.listen, pages: await builtPages() }
        : {}),
      legacyNames: input.legacyNames,
      watch: input.watch,
      stopAfterDecisions: once ? 1 : undefined,
      listeners: [(event) => {
        if (event.kind === "decided" || event.kind === "staged") heap.check();
        if (event.kind !== "decided") return;
        feasible = !event.record.decision.reasons.some(({ kind }) =>
          kind === "infeasible" || kind === "model_not_ready"
        );
        print(context, event, once);
      }],
      started(service) {
        if (!once) timer = showStatus(context, service);
      },
    }, context.signal);
  } finally {
    clearInterval(timer);
  }
  if (!once) return 0;
  context.signal.throwIfAborted();
  return feasible ? 0 : 1;
}

/** The pages, where they were built; a planner does not wait for a bundler. */
async function builtPages(): Promise<PageHandler | undefined> {
  const files = await builtFiles();
  if (files) return pages(files, { withPlanner: true });
  logger("planner").info(
    "No dashboard: the pages are not built. `deno task build:web` builds them.",
  );
  return undefined;
}

function print(
  { output, write }: CommandContext,
  { record }: LoopEvent & { kind: "decided" },
  once: boolean,
): void {
  if (output === "jsonl") {
    return write(`${JSON.stringify(recordJson(record))}\n`);
  }
  if (!once) return;
  if (output === "json") {
    return write(`${JSON.stringify(recordJson(record), null, 2)}\n`);
  }
  write(explain(record.decision, record.inForce.config));
  const steps = record.transition?.steps ?? [];
  if (steps.length === 0) return;
  const lines = steps.map((step) => `  - ${stepJson(step)["text"]}`);
  write(["", "Would write first", ...lines, ""].join("\n"));
}

/** On a terminal a status that is drawn again, elsewhere nothing: the log speaks. */
function showStatus(
  { status, output }: CommandContext,
  service: PlannerService,
): ReturnType<typeof setInterval> | undefined {
  if (!status || output !== "table") return undefined;
  const live = new LiveStatus(service);
  const draw = () =>
    status.draw(
      live.lines({ columns: status.columns(), color: status.color }),
    );
  draw();
  return setInterval(draw, REDRAW_MS);
}
