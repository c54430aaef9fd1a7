/** A planner in service: the loop with its file of state, its record of decisions, its HTTP side, its changing file. @module */

import { logger, serveHttp } from "../service/mod.ts";
import { Admitter } from "./admit.ts";
import type { ConfigWatch, PlannerConfig } from "./config/mod.ts";
import { problemLine } from "./config/mod.ts";
import type { CapacityModel, LedgerState } from "./core/mod.ts";
import type { JsonLog } from "./decision_log.ts";
import type { Environment } from "./environments/mod.ts";
import {
  type Listener,
  type LoopTimes,
  messageOf,
  type PlannerLoop,
  recordJson,
  type SavedState,
} from "./loop/mod.ts";
import { logListener } from "./loop_log.ts";
import type { StateFile } from "./persist/mod.ts";
import { refuseImpossibleFloors } from "./run.ts";
import { openLoop } from "./run_loop.ts";
import { warmHistory } from "./warm_history.ts";
import { collectApiCounts, controlHandler, PlanServer } from "./serve/mod.ts";

/** What a planner in service is made of. */
export interface ServiceInput {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  readonly environment: Environment;
  /** Absent: nothing survives a restart. */
  readonly stateFile?: StateFile | undefined;
  /** Absent: decisions are kept in memory only. */
  readonly decisions?: JsonLog | undefined;
  /** Pages that are served beside the API, dashboard and the like; undefined: the request is for the planner. */
  readonly pages?: ((request: Request) => Response | undefined) | undefined;
  /** Absent: nothing is served. */
  readonly listen?: { readonly hostname: string; readonly port: number };
  readonly legacyNames?: boolean;
  /** Absent: the configuration does not change. */
  readonly watch?: ConfigWatch | undefined;
  readonly listeners?: readonly Listener[];
  readonly times?: Partial<LoopTimes>;
  /** Decide so often and end. */
  readonly stopAfterDecisions?: number | undefined;
  /** Called once everything runs. */
  readonly started?: (service: PlannerService) => void;
}

/** A planner that runs. */
export interface PlannerService {
  readonly loop: PlannerLoop<LedgerState>;
  readonly server: PlanServer<LedgerState>;
  /** Where it is served; undefined when it is not. */
  readonly address:
    | { readonly hostname: string; readonly port: number }
    | undefined;
  readonly controlPort: number | undefined;
}

/**
 * Runs until the signal aborts: then no write begins, those under way are waited for, the state is saved, and it returns.
 *
 * @throws {WattkeeperError} `infeasible` when the floors cannot fit the budget at any cap (R12), `file_unreadable` for a
 * state file that can be neither read nor set aside, and what cannot be bound with `listen`
 */
export async function runService(
  input: ServiceInput,
  signal: AbortSignal,
): Promise<void> {
  const { config, model, environment } = input;
  const log = logger("planner");
  refuseImpossibleFloors(config, model);
  const saved = await loadState(input);
  const warm = saved ? undefined : await warmHistory(config, {
    usual: {
      islTokens: model.usualIslTokens,
      oslTokens: model.usualOslTokens,
    },
    signal,
  });
  const loop = openLoop({
    ...input,
    store: input.stateFile,
    saved,
    warmHistory: warm,
  });
  loop.listen(logListener(log));
  const { decisions } = input;
  if (decisions) loop.listen(fileListener(loop, decisions));
  const ended = new AbortController();
  const admitter = environment.frontends && new Admitter({
    frontends: environment.frontends,
    fallbackPort: config.admission.frontendHttpPort,
    clock: environment.clock,
    faults: loop.faults,
    signal: AbortSignal.any([signal, ended.signal]),
  });
  if (admitter) loop.listen(admitter.listener);
  // What nobody can ask for is not kept.
  const isAsked = input.listen !== undefined || input.started !== undefined;
  await using server = isAsked
    ? new PlanServer({
      loop,
      legacyNames: input.legacyNames ?? false,
      collect(registry) {
        admitter?.collect(registry);
        const counts = environment.apiCounts?.();
        if (counts) collectApiCounts(registry, counts);
      },
    })
    : undefined;
  const { pages } = input;
  const address = input.listen && server?.listen(input.listen, {
    handle: async (request) =>
      pages?.(request) ?? await environment.handle?.(request),
  });
  if (address) {
    log.info(`Serving on ${address.hostname}:${address.port}.`, {
      port: address.port,
    });
  }
  await using control = startControl(input, loop);
  const ending = new AbortController();
  const watching = input.watch
    ? follow(input.watch, loop, ending.signal)
    : Promise.resolve();
  try {
    if (server) {
      input.started?.({
        loop,
        server,
        address,
        controlPort: control?.port,
      });
    }
    await loop.run(signal);
  } finally {
    ending.abort();
    ended.abort();
    await admitter?.ended();
    await watching;
    await decisions?.flush();
  }
}

async function loadState(
  { stateFile }: ServiceInput,
): Promise<SavedState | undefined> {
  if (!stateFile) return undefined;
  const log = logger("planner");
  const loaded = await stateFile.load();
  switch (loaded.kind) {
    case "none":
      return undefined;
    case "state":
      log.info(
        `Going on from "${stateFile.path}" after decision ${loaded.saved.state.sequence}.`,
      );
      return loaded.saved;
    case "quarantined":
      log.error(
        `The state file "${stateFile.path}" cannot be used: ${loaded.problem}. It is kept as "${loaded.movedTo}"; the planner starts cold.`,
      );
      return undefined;
  }
}

/** Decisions as lines, written behind the loop's back: a slow disk never holds it. */
function fileListener(
  loop: PlannerLoop<LedgerState>,
  decisions: JsonLog,
): Listener {
  return (event) => {
    if (event.kind !== "decided") return;
    decisions.offer(recordJson(event.record), (error) => {
      const nowMs = loop.time.now();
      if (error === undefined) loop.faults.clear("decision_file", nowMs);
      else loop.faults.raise("decision_file", messageOf(error), nowMs);
    });
  };
}

/** P8: an API that cannot be bound disables only itself. */
function startControl(
  { config, environment }: ServiceInput,
  loop: PlannerLoop<LedgerState>,
): (AsyncDisposable & { readonly port: number }) | undefined {
  const { controlApi } = config.service;
  if (!controlApi) return undefined;
  const log = logger("planner");
  try {
    const server = serveHttp(
      { hostname: "127.0.0.1", port: controlApi.port, part: "planner.control" },
      controlHandler({
        settings: loop.settings,
        lock: loop.lock,
        clock: environment.clock,
        token: () => readToken(controlApi),
      }),
    );
    log.info(`Control API on 127.0.0.1:${server.port}.`, { port: server.port });
    return {
      port: server.port,
      [Symbol.asyncDispose]: () => server.close(),
    };
  } catch (error) {
    log.error(
      `The control API could not be started on 127.0.0.1:${controlApi.port}: ${
        messageOf(error)
      }. The planner goes on without it.`,
    );
    return undefined;
  }
}

/** A file that cannot be read lets nobody in. */
async function readToken(
  { token, tokenFile }: {
    readonly token: string | undefined;
    readonly tokenFile: string | undefined;
  },
): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  try {
    return (await Deno.readTextFile(tokenFile)).trim();
  } catch (error) {
    logger("planner").warn(
      `The control API's token file "${tokenFile}" cannot be read: ${
        messageOf(error)
      }.`,
    );
    return undefined;
  }
}

/** R2: a valid change is in force at once, an invalid one is reported and the old stays. */
async function follow(
  watch: ConfigWatch,
  loop: PlannerLoop<LedgerState>,
  signal: AbortSignal,
): Promise<void> {
  const log = logger("planner");
  for await (const change of watch.changes(signal)) {
    const nowMs = loop.time.now();
    switch (change.kind) {
      case "invalid":
        loop.faults.raise(
          "configuration",
          `The changed configuration is not valid, the old one stays: ${
            change.problems.map(problemLine).join("; ")
          }`,
          nowMs,
        );
        break;
      case "changed": {
        loop.faults.clear("configuration", nowMs);
        for (const warning of change.warnings) log.warn(problemLine(warning));
        if (change.needRestart.length > 0) {
          log.warn(
            `Changed, and in force only after a restart: ${
              change.needRestart.join(", ")
            }.`,
          );
        }
        if (change.changed.length === 0) break;
        log.info(`In force from now on: ${change.changed.join(", ")}.`);
        loop.settings.reload(change.config);
        break;
      }
    }
  }
}
