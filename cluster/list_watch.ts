/** List+watch: a local copy of some of the API server's objects that knows how far it can be trusted. @module */

import { ApiError, noFaults } from "./api_error.ts";
import { Backoff } from "./backoff.ts";
import { readLines, readText } from "./body.ts";
import { type Clock, deadline, type Random } from "./clock.ts";
import { ObjectStore } from "./object_store.ts";
import { isOlder } from "./resource_version.ts";
import type { ApiTransport } from "./transport.ts";
import {
  type ApiObject,
  member,
  readApiObject,
  readWatchEvent,
} from "./watch_event.ts";

/** What to hold. */
export interface ListWatchSubject<T> {
  /** Path of the collection: `/api/v1/pods`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** An object's value; undefined when it is not to be held, whatever the selectors let through. */
  readonly read: (object: unknown) => T | undefined;
}

/** What a {@linkcode ListWatch} works with. */
export interface ListWatchEnvironment {
  readonly transport: ApiTransport;
  readonly clock: Clock;
  readonly random: Random;
  /** Called after each change of the objects or of {@linkcode ListWatch.fault}; only takes note. */
  readonly onChange?: () => void;
}

/** How often things have happened since the start. */
export interface ListWatchCounts {
  lists: number;
  watches: number;
  events: number;
  /** Failures by {@linkcode ApiError.kind}. */
  readonly faults: Record<ApiError["kind"], number>;
}

/**
 * Times, milliseconds. A watch is asked to end after 15–20 s: a healthy one ends by itself, so one that does not is
 * frozen, and is noticed after 25 s at the latest however busy it pretends to be.
 */
export const LIST_WATCH_TIMES = {
  /** A whole LIST, body included. */
  listMs: 20_000,
  watchMinMs: 15_000,
  watchMaxMs: 20_000,
  /** What a watch may be late. */
  watchGraceMs: 5_000,
  /** A watch that ends sooner has failed; one that lived longer makes the next delay a short one. */
  watchHealthyMs: 1_000,
  /** Events that a connection lost without a trace are found by a LIST this often, ± 20 %. */
  relistMs: 300_000,
} as const;

const LIST_PAGE = 500;
const MAX_PAGES = 200;
const MAX_LIST_BYTES = 64 << 20;
const MAX_LINE_BYTES = 4 << 20;
/** An etcd restored from a backup counts from an older version; a stale cache does so only for a while. */
const OLD_LISTS_REFUSED = 3;

/** Faults after which connections, and the certificates they were made with, are not used again. */
const STALE_CONNECTION: ReadonlySet<ApiError["kind"]> = new Set([
  "unreachable",
  "frozen",
  "protocol",
  "unauthorized",
]);

/** Keeps a copy of the subject's objects up to date while {@linkcode ListWatch.run} runs. */
export class ListWatch<T> {
  readonly counts: ListWatchCounts = {
    lists: 0,
    watches: 0,
    events: 0,
    faults: noFaults(),
  };
  readonly #subject: ListWatchSubject<T>;
  readonly #environment: ListWatchEnvironment;
  readonly #store: ObjectStore<T>;
  readonly #backoff: Backoff;
  #resourceVersion: string | undefined;
  #relistAtMs = 0;
  #oldLists = 0;
  #listedAtMs: number | undefined;
  #heardAtMs: number | undefined;
  #fault: ApiError | undefined;
  #watchingSinceMs: number | undefined;
  /** Answers that came while a LIST was under way, which may be older than they are. */
  #learned: ApiObject[] | undefined;

  constructor(subject: ListWatchSubject<T>, environment: ListWatchEnvironment) {
    this.#subject = subject;
    this.#environment = environment;
    this.#store = new ObjectStore(subject.read);
    this.#backoff = new Backoff(environment.random);
  }

  /** All values held; the same array until something changes. */
  get values(): readonly T[] {
    return this.#store.values;
  }

  /** The clock's time at which the newest consistent LIST was sent: the copy is at least as new. */
  get listedAtMs(): number | undefined {
    return this.#listedAtMs;
  }

  /** The clock's time at which the server last proved that it talks to us. */
  get heardAtMs(): number | undefined {
    return this.#heardAtMs;
  }

  /** What is wrong now; undefined while the connection is healthy. */
  get fault(): ApiError | undefined {
    return this.#fault;
  }

  /**
   * Takes an object as the server answered it to a read or write of our own: the copy need not wait for the watch to show
   * it. Says nothing about the watch's health; never throws.
   */
  learn(object: unknown): void {
    let item: ApiObject;
    try {
      item = readApiObject(object);
    } catch {
      return;
    }
    this.#learned?.push(item);
    if (this.#store.learn(item)) this.#environment.onChange?.();
  }

  /** Runs until `signal` aborts. Never throws for anything the server does. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, transport } = this.#environment;
    while (!signal.aborted) {
      try {
        if (this.#mustList()) await this.#list(signal);
        await this.#watch(signal);
        this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const fault = asApiError(error);
        this.counts.faults[fault.kind]++;
        if (fault.kind === "gone" || fault.kind === "protocol") {
          this.#relistAtMs = clock.now();
        }
        if (STALE_CONNECTION.has(fault.kind)) transport.discardConnections();
        this.#fault = fault;
        this.#environment.onChange?.();
        if (this.#watchLived()) this.#backoff.reset();
        await clock.sleep(this.#backoff.next(fault.retryAfterMs), signal);
      }
    }
  }

  #watchLived(): boolean {
    return this.#watchingSinceMs !== undefined &&
      this.#environment.clock.now() - this.#watchingSinceMs >=
        LIST_WATCH_TIMES.watchHealthyMs;
  }

  #mustList(): boolean {
    return this.#resourceVersion === undefined ||
      this.#environment.clock.now() >= this.#relistAtMs;
  }

  async #list(outer: AbortSignal): Promise<void> {
    const { clock, random } = this.#environment;
    const sentAtMs = clock.now();
    this.#watchingSinceMs = undefined;
    this.counts.lists++;
    const learned: ApiObject[] = this.#learned = [];
    const limit = deadline(clock, LIST_WATCH_TIMES.listMs, {
      outer,
      reason: new ApiError("frozen", "A LIST was not answered in time."),
    });
    try {
      const { items, resourceVersion } = await this.#allPages(limit.signal);
      const before = this.#resourceVersion;
      if (
        before !== undefined && isOlder(resourceVersion, before) &&
        this.#oldLists++ < OLD_LISTS_REFUSED
      ) {
        throw new ApiError(
          "protocol",
          `A LIST went back from version ${before} to ${resourceVersion}.`,
        );
      }
      this.#oldLists = 0;
      const changed = this.#store.replace(items);
      for (const item of learned) this.#store.learn(item);
      this.#resourceVersion = resourceVersion;
      this.#listedAtMs = sentAtMs;
      this.#relistAtMs = clock.now() +
        LIST_WATCH_TIMES.relistMs * (0.8 + 0.4 * random());
      this.#heard(sentAtMs, changed);
    } finally {
      this.#learned = undefined;
      limit.clear();
    }
  }

  /** A LIST without `resourceVersion`: consistent, not from a cache that may be old (A3, C22). */
  async #allPages(
    signal: AbortSignal,
  ): Promise<{ items: ApiObject[]; resourceVersion: string }> {
    const { transport } = this.#environment;
    const items: ApiObject[] = [];
    let token = "";
    for (let page = 0; page < MAX_PAGES; page++) {
      const path = this.#path({ limit: `${LIST_PAGE}`, continue: token });
      const response = await transport.send(path, { signal });
      const list = parseList(await readText(response, MAX_LIST_BYTES));
      for (const object of list.items) items.push(readApiObject(object));
      if (list.continue === "") {
        return { items, resourceVersion: list.resourceVersion };
      }
      token = list.continue;
    }
    throw new ApiError("protocol", `A LIST has more than ${MAX_PAGES} pages.`);
  }

  async #watch(outer: AbortSignal): Promise<void> {
    const { clock, random, transport } = this.#environment;
    const { watchMinMs, watchMaxMs, watchGraceMs } = LIST_WATCH_TIMES;
    this.#watchingSinceMs = clock.now();
    const seconds = Math.round(
      (watchMinMs + (watchMaxMs - watchMinMs) * random()) / 1000,
    );
    this.counts.watches++;
    const limit = deadline(clock, seconds * 1000 + watchGraceMs, {
      outer,
      reason: new ApiError(
        "frozen",
        `A watch of ${seconds} s had not ended ${
          watchGraceMs / 1000
        } s later: its connection is dead.`,
      ),
    });
    try {
      const response = await transport.send(
        this.#path({
          watch: "1",
          allowWatchBookmarks: "true",
          timeoutSeconds: `${seconds}`,
          resourceVersion: this.#resourceVersion ?? "",
        }),
        { signal: limit.signal },
      );
      this.#heard(clock.now(), false);
      for await (const line of readLines(response, MAX_LINE_BYTES)) {
        this.#take(line);
      }
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error;
    } finally {
      limit.clear();
    }
    if (!this.#watchLived()) {
      throw new ApiError("unreachable", "A watch ended as soon as it began.");
    }
    this.#heard(clock.now(), false);
  }

  #take(line: string): void {
    if (line === "") return;
    const event = readWatchEvent(line);
    this.counts.events++;
    switch (event.kind) {
      case "upsert":
        return this.#advance(
          event.item.resourceVersion,
          this.#store.upsert(event.item),
        );
      case "deleted":
        return this.#advance(
          event.item.resourceVersion,
          this.#store.delete(event.item),
        );
      case "bookmark":
        return this.#advance(event.resourceVersion, false);
      case "other":
        return;
    }
  }

  #advance(resourceVersion: string, changed: boolean): void {
    const before = this.#resourceVersion;
    if (before === undefined || !isOlder(resourceVersion, before)) {
      this.#resourceVersion = resourceVersion;
    }
    this.#heard(this.#environment.clock.now(), changed);
  }

  #heard(heardAtMs: number, changed: boolean): void {
    this.#heardAtMs = heardAtMs;
    const recovered = this.#fault !== undefined;
    this.#fault = undefined;
    if (changed || recovered) this.#environment.onChange?.();
  }

  #path(query: Readonly<Record<string, string>>): string {
    const { path, fieldSelector, labelSelector } = this.#subject;
    const parameters = Object.entries({
      fieldSelector,
      labelSelector,
      ...query,
    }).filter((entry): entry is [string, string] => !!entry[1]);
    return `${path}?${new URLSearchParams(parameters)}`;
  }
}

function parseList(text: string): {
  items: readonly unknown[];
  resourceVersion: string;
  continue: string;
} {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new ApiError("protocol", "A LIST is not JSON.", { cause });
  }
  const items = member(list, "items");
  const metadata = member(list, "metadata");
  const resourceVersion = member(metadata, "resourceVersion");
  if (
    !Array.isArray(items) || typeof resourceVersion !== "string" ||
    resourceVersion === ""
  ) {
    throw new ApiError(
      "protocol",
      "A LIST has no items or no resourceVersion.",
    );
  }
  const token = member(metadata, "continue");
  return {
    items,
    resourceVersion,
    continue: typeof token === "string" ? token : "",
  };
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(
    "unreachable",
    `The connection to the API server broke: ${
      error instanceof Error ? error.message : error
    }`,
    { cause: error },
  );
}
