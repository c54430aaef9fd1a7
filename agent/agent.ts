/** The agent's life: passes on events and every 15 s, a look each second, reports, an orderly end. @module */

import type { NodeFacts } from "./report.ts";
import { CappedShare, essenceOf, reportOf } from "./report.ts";
import { AgentGateLedger } from "./gate_ledger.ts";
import type { Clock, PodView, ReportSink, WallClock } from "./ports.ts";
import { ReportPacing } from "./publisher.ts";
import type { PassReason, PassResult, Reconciler } from "./reconciler.ts";
import { type GpuStatus, troubleOf } from "./status.ts";

/** Passes happen at least this often, milliseconds. */
export const INTERVAL_MS = 15_000;
/** Recorded GPUs are looked at this often (C20), milliseconds. */
export const CHECK_MS = 1_000;
/** Events within this time make one pass, milliseconds. */
export const COALESCE_MS = 10;
/** A pass that ended longer ago than this makes the node not ready: three intervals (Z2), milliseconds. */
export const STALE_MS = 3 * INTERVAL_MS;

/** Why a sleep ends early. Without a reason each would make an exception with a stack. */
const WOKEN = "woken";

/** One line of the agent's log; transitions only. */
export interface AgentLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warning(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What an agent is made of. */
export interface AgentOptions {
  readonly reconciler: Reconciler;
  readonly view: PodView;
  readonly sink: ReportSink;
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly facts: Omit<NodeFacts, "driverSession">;
  readonly log: AgentLog;
  /** `restore` gives every cap back at the end; `keep` leaves those of live pods. */
  readonly onShutdown: "keep" | "restore";
  /** Called after each pass that left every GPU as it should be. */
  readonly onEnforced?: (() => void) | undefined;
}

/** A running agent. */
export class Agent {
  readonly gate: AgentGateLedger;
  readonly #pacing: ReportPacing;
  readonly #share = new CappedShare();
  readonly #troubles = new Map<string, string>();
  readonly #persistent = new Map<string, boolean | undefined>();
  #wake: (() => void) | undefined;
  #eventAtMs: number | undefined;
  #sharedLast = new Map<string, number | undefined>();
  lastResult: PassResult | undefined;

  constructor(readonly options: AgentOptions) {
    this.#pacing = new ReportPacing(options.clock);
    // The report says `open` only after a pass that has seen it.
    this.gate = new AgentGateLedger(
      options.reconciler,
      () => this.#eventHappened(),
    );
  }

  /** One pass with its report: `--once`. */
  async once(): Promise<PassResult> {
    const result = await this.#pass("interval");
    await this.#report();
    return result;
  }

  /** Runs until the signal aborts, then ends in order. A pass under way is finished first, writes and all. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, view } = this.options;
    const unsubscribe = view.onChange(() => this.#eventHappened());
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    let passAtMs = clock.now();
    let checkAtMs = clock.now() + CHECK_MS;
    while (!signal.aborted) {
      const now = clock.now();
      const eventDue = this.#eventAtMs !== undefined &&
        now >= this.#eventAtMs + COALESCE_MS;
      if (eventDue || now >= passAtMs) {
        const reason = now >= passAtMs ? "interval" : "event";
        this.#eventAtMs = undefined;
        const result = await this.#pass(reason);
        if (reason === "interval") passAtMs = now + INTERVAL_MS;
        passAtMs = Math.min(passAtMs, clock.now() + (result.wakeInMs ?? 1e9));
        checkAtMs = clock.now() + CHECK_MS;
      } else if (now >= checkAtMs) {
        if (await this.options.reconciler.check()) passAtMs = clock.now();
        checkAtMs = clock.now() + CHECK_MS;
      }
      if (this.#pacing.dueInMs() <= 0) await this.#report();
      if (signal.aborted) break;
      await this.#sleepUntil(Math.min(
        passAtMs,
        checkAtMs,
        this.#eventAtMs === undefined
          ? Infinity
          : this.#eventAtMs + COALESCE_MS,
        clock.now() + this.#pacing.dueInMs(),
      ));
    }
    unsubscribe();
    await this.#shutdown();
  }

  /** Why this node is not ready: one sentence each, naming the GPU. Empty when it is ready. */
  troubles(): string[] {
    const { reconciler, clock, sink } = this.options;
    const all: string[] = [];
    const { lastGoodAtMs } = reconciler;
    if (this.lastResult === undefined) all.push("No pass has ended yet.");
    else if (!this.lastResult.good && this.lastResult.reason) {
      all.push(`The last pass failed: ${this.lastResult.reason}`);
    }
    for (const status of reconciler.statuses()) {
      const trouble = troubleOf(status);
      if (trouble) all.push(trouble);
    }
    if (
      lastGoodAtMs !== undefined && clock.now() - lastGoodAtMs > STALE_MS
    ) {
      const age = ((clock.now() - lastGoodAtMs) / 1000).toFixed(0);
      all.push(`No pass has succeeded for ${age} s.`);
    }
    const { freshness } = this.options.view.snapshot();
    if (freshness.kind === "empty") all.push("No pods have been listed yet.");
    if (freshness.kind === "stale") {
      all.push(`The pod view is stale: ${freshness.reason}`);
    }
    const { store } = reconciler.options;
    if (store.fault) all.push(`The record cannot be written: ${store.fault}.`);
    const fault = sink.fault();
    if (fault) all.push(`Reports are not delivered: ${fault}.`);
    return all;
  }

  /** Whether a GPU is not as it should be. */
  isTroubled(status: GpuStatus): boolean {
    return troubleOf(status) !== undefined;
  }

  #eventHappened(): void {
    this.#eventAtMs ??= this.options.clock.now();
    this.#wake?.();
  }

  async #pass(reason: PassReason): Promise<PassResult> {
    const { reconciler } = this.options;
    const result = await reconciler.pass(reason);
    this.lastResult = result;
    const essence = essenceOf(reconciler.statuses());
    this.#pacing.note(essence, result.urgent);
    this.gate.passed(essence);
    this.#logTransitions();
    const { onEnforced } = this.options;
    if (
      result.good && !reconciler.statuses().some((one) => this.isTroubled(one))
    ) onEnforced?.();
    return result;
  }

  /** A standing trouble is one line when it begins and one when it ends. */
  #logTransitions(): void {
    const { log, reconciler } = this.options;
    for (const status of reconciler.statuses()) {
      const { uuid, index } = status.identity;
      const trouble = troubleOf(status) ?? "";
      const before = this.#troubles.get(uuid) ?? "";
      if (trouble !== before) {
        if (trouble) log.warning(trouble, { uuid, index });
        else log.info(`GPU ${index} (${uuid}) is as it should be again.`);
        this.#troubles.set(uuid, trouble);
      }
      const persistent = status.telemetry?.persistenceMode;
      if (persistent === false && this.#persistent.get(uuid) !== false) {
        log.warning(
          `GPU ${index} (${uuid}) has persistence mode off: an idle GPU may lose its limit (C26).`,
          { uuid, index },
        );
      }
      this.#persistent.set(uuid, persistent);
      if (status.outcome.wrote) {
        const { limits, state, reason } = status.outcome;
        log.info(
          `GPU ${index} (${uuid}) is at ${limits?.managementWatts} W: ${state}. ${reason}`
            .trim(),
          { uuid, index, state, limitWatts: limits?.managementWatts },
        );
      }
    }
  }

  async #report(): Promise<void> {
    const { reconciler, facts, wallClock, clock, sink } = this.options;
    const { store, nvml, bootId } = reconciler.options;
    const urgent = this.#pacing.sent();
    const sequence = await store.nextSequence();
    // Not sent; the record's fault is a trouble of its own.
    if (sequence === undefined) return;
    const statuses = reconciler.statuses();
    for (const status of statuses) {
      const share = this.#share.next(status, clock.now());
      if (share !== undefined) {
        this.#sharedLast.set(status.identity.uuid, share);
      }
    }
    const report = reportOf(statuses, {
      ...facts,
      driverSession: `${bootId.slice(0, 8)}-${nvml.driver.session}`,
    }, {
      sequence,
      observedAt: wallClock(),
      share: (status) => this.#sharedLast.get(status.identity.uuid),
    });
    sink.publish(report, urgent);
  }

  async #sleepUntil(atMs: number): Promise<void> {
    const { clock } = this.options;
    const waiting = new AbortController();
    this.#wake = () => waiting.abort(WOKEN);
    // An event between the last look and here has already been noted: its time is part of `atMs`.
    const ms = Math.max(atMs - clock.now(), 0);
    if (ms > 0) await clock.sleep(ms, waiting.signal);
    this.#wake = undefined;
  }

  async #shutdown(): Promise<void> {
    const { reconciler, onShutdown, sink, clock, log } = this.options;
    this.gate.stop();
    if (onShutdown === "restore") await reconciler.releaseAll();
    else await this.#pass("interval");
    await this.#report();
    const patience = new AbortController();
    const done = new AbortController();
    clock.sleep(5_000, done.signal).then(() => patience.abort());
    await sink.flush(patience.signal);
    done.abort();
    const { store } = reconciler.options;
    const kept = store.entries().filter(({ applied }) => applied).length;
    log.info(`Stopped; ${kept} GPUs keep their caps.`, { kept });
  }
}
