/** Writes Events: the same thing once with a count, and never more than a trickle (R29). @module */

import { type ApiClient, ApiError } from "../../../../cluster/mod.ts";
import { logger } from "../../../../service/mod.ts";
import type { LoopClock } from "../../../loop/mod.ts";
import type { ObjectReference } from "../component.ts";
import type { FleetEvent } from "./fleet_event.ts";

/** Reporting controller, as `kubectl describe` shows it. */
const CONTROLLER = "wattkeeper-planner";
/** Kinds of Events that are remembered; the one that was told longest ago is forgotten first. */
const MOST_KEPT = 200;
/** An Event that goes on is counted up no more often, milliseconds. */
const COUNT_EVERY_MS = 60_000;
/** One that was not told for so long is a new one: the API server forgets them after an hour. */
const FORGET_MS = 30 * 60_000;
/** Writes at once, and one more in so many milliseconds. */
const BURST = 20;
const REFILL_MS = 10_000;
const MOST_MESSAGE = 1_000;

/** What it works with. */
export interface RecorderOptions {
  readonly api: Pick<ApiClient, "create" | "mergePatch">;
  readonly clock: LoopClock;
  /** Identity of this process. */
  readonly instance: string;
  /** Unique part of names. */
  readonly uniqueName: () => string;
}

interface Kept {
  /** Name of the object; undefined while nothing is written. */
  name: string | undefined;
  namespace: string;
  count: number;
  readonly firstWallMs: number;
  message: string;
  toldAtMs: number;
  writtenAtMs: number;
  writing: boolean;
}

/** Counts of a recorder, for metrics. */
export interface RecorderCounts {
  written: number;
  /** Told while the trickle was used up. */
  held: number;
  failed: number;
}

/** Best effort: an Event that cannot be written is logged once and nothing waits for it. */
export class EventRecorder {
  readonly counts: RecorderCounts = { written: 0, held: 0, failed: 0 };
  readonly #options: RecorderOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #log = logger("planner.events");
  readonly #writing = new Set<Promise<void>>();
  #tokens = BURST;
  #refilledAtMs: number;
  #lastFailure = "";

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#refilledAtMs = options.clock.now();
  }

  /** Tells one thing about an object; returns at once. */
  tell(event: FleetEvent, about: ObjectReference, signal: AbortSignal): void {
    const { clock } = this.#options;
    const nowMs = clock.now();
    const key = `${about.uid} ${event.reason} ${event.key}`;
    let kept = this.#kept.get(key);
    if (kept && nowMs - kept.toldAtMs >= FORGET_MS) kept = undefined;
    kept ??= {
      name: undefined,
      namespace: about.namespace,
      count: 0,
      firstWallMs: clock.wallMs(),
      message: "",
      toldAtMs: nowMs,
      writtenAtMs: -Infinity,
      writing: false,
    };
    // The order of the map is the order of the last telling.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > MOST_KEPT) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    kept.toldAtMs = nowMs;
    kept.message = event.message.slice(0, MOST_MESSAGE);
    // The loop tells what lasts at every look: once a minute it counts as having happened again.
    if (kept.writing || nowMs - kept.writtenAtMs < COUNT_EVERY_MS) return;
    if (!this.#take(nowMs)) {
      this.counts.held++;
      return;
    }
    kept.count++;
    kept.writing = true;
    kept.writtenAtMs = nowMs;
    const writing = this.#write(kept, event, { about, signal }).finally(() => {
      kept.writing = false;
      this.#writing.delete(writing);
    });
    this.#writing.add(writing);
  }

  /** Resolves when everything that is being written is written, or has failed. */
  async flush(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #take(nowMs: number): boolean {
    const refill = Math.floor((nowMs - this.#refilledAtMs) / REFILL_MS);
    if (refill > 0) {
      this.#tokens = Math.min(BURST, this.#tokens + refill);
      this.#refilledAtMs += refill * REFILL_MS;
    }
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }

  async #write(
    kept: Kept,
    event: FleetEvent,
    { about, signal }: {
      readonly about: ObjectReference;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { api } = this.#options;
    const folder = `/api/v1/namespaces/${
      encodeURIComponent(kept.namespace)
    }/events`;
    try {
      if (kept.name !== undefined) {
        try {
          await api.mergePatch(
            `${folder}/${kept.name}`,
            { ...this.#counted(kept), message: kept.message },
            signal,
          );
          this.counts.written++;
          return;
        } catch (error) {
          // The API server has forgotten it.
          if (!(error instanceof ApiError) || error.kind !== "gone") {
            throw error;
          }
        }
      }
      const name = `${about.name.slice(0, 200)}.${this.#options.uniqueName()}`;
      await api.create(
        folder,
        this.#object(name, kept, { event, about }),
        signal,
      );
      kept.name = name;
      this.counts.written++;
      this.#lastFailure = "";
    } catch (error) {
      this.counts.failed++;
      const message = error instanceof Error ? error.message : String(error);
      if (message === this.#lastFailure || signal.aborted) return;
      this.#lastFailure = message;
      this.#log.warn(`An Event could not be written: ${message}`);
    }
  }

  #counted({ count }: Kept) {
    const now = new Date(this.#options.clock.wallMs()).toISOString();
    return {
      count,
      lastTimestamp: seconds(now),
      ...(count > 1 ? { series: { count, lastObservedTime: micro(now) } } : {}),
    };
  }

  #object(
    name: string,
    kept: Kept,
    { event, about }: {
      readonly event: FleetEvent;
      readonly about: ObjectReference;
    },
  ): unknown {
    const { instance } = this.#options;
    const first = new Date(kept.firstWallMs).toISOString();
    const { apiVersion, kind, namespace, uid, resourceVersion } = about;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: kept.namespace },
      involvedObject: {
        apiVersion,
        kind,
        namespace,
        name: about.name,
        uid,
        resourceVersion,
      },
      type: event.type,
      reason: event.reason,
      action: event.action,
      message: kept.message,
      source: { component: CONTROLLER },
      reportingComponent: CONTROLLER,
      reportingInstance: instance.slice(0, 128),
      eventTime: micro(first),
      firstTimestamp: seconds(first),
      ...this.#counted(kept),
    };
  }
}

/** `metav1.Time`. */
function seconds(iso: string): string {
  return iso.replace(/\.\d+Z$/, "Z");
}

/** `metav1.MicroTime`. */
function micro(iso: string): string {
  return iso.replace("Z", "000Z");
}
