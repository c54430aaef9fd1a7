/** One kind of object, listed and watched; can be listed anew without going blind meanwhile. @module */

import {
  type ApiError,
  ApiTransport,
  type Clock,
  type Endpoint,
  ListWatch,
  type ListWatchSubject,
  type Random,
} from "../../../cluster/mod.ts";

/** What a watch works with. */
export interface WatchedEnvironment {
  readonly loadEndpoint: () => Promise<Endpoint>;
  readonly clock: Clock;
  readonly random: Random;
  /** Something changed. */
  readonly onChange: () => void;
}

/** A watch that does not hear from the server for so long is out of date, milliseconds. */
export const STALE_AFTER_MS = 30_000;

/** Holds the objects of one subject. Each watch has connections of its own: a frozen one takes no other with it. */
export class Watched<T> {
  /** How messages and metrics call it: the resource's plural. */
  readonly name: string;
  readonly #subject: ListWatchSubject<T>;
  readonly #environment: WatchedEnvironment;
  readonly #transport: ApiTransport;
  #current: Running<T> | undefined;
  #next: Running<T> | undefined;
  #outer: AbortSignal | undefined;
  #lists = 0;
  #watches = 0;
  readonly #ended: Promise<void>[] = [];

  constructor(
    name: string,
    subject: ListWatchSubject<T>,
    environment: WatchedEnvironment,
  ) {
    this.name = name;
    this.#subject = subject;
    this.#environment = environment;
    this.#transport = new ApiTransport(environment.loadEndpoint);
  }

  /** Path of the collection. */
  get path(): string {
    return this.#subject.path;
  }

  /** Begins; ends when the signal aborts. */
  start(signal: AbortSignal): void {
    this.#outer = signal;
    this.#current = this.#begin(signal);
  }

  /** Lists anew, consistently; until that has come the old copy stays. */
  restart(): void {
    if (!this.#outer || this.#outer.aborted) return;
    this.#next?.stop();
    this.#next = this.#begin(this.#outer);
  }

  /** Takes an object as the server answered it to a request of our own, before the watch shows it. */
  learn(object: unknown): void {
    this.#current?.watch.learn(object);
    this.#next?.watch.learn(object);
  }

  /** All objects held; the same array until something changes. */
  get values(): readonly T[] {
    return this.#newest?.watch.values ?? [];
  }

  /** The clock's time at which the LIST under the copy was sent. */
  get listedAtMs(): number | undefined {
    return this.#newest?.watch.listedAtMs;
  }

  /** Milliseconds since the server last proved that it talks to us. */
  get ageMs(): number | undefined {
    const heard = this.#newest?.watch.heardAtMs;
    return heard === undefined
      ? undefined
      : this.#environment.clock.now() - heard;
  }

  get fault(): ApiError | undefined {
    return this.#next?.watch.fault ?? this.#current?.watch.fault;
  }

  get counts(): { readonly lists: number; readonly watches: number } {
    const all = [this.#current, this.#next].filter((one) => one !== undefined);
    return {
      lists: all.reduce((sum, { watch }) => sum + watch.counts.lists, 0) +
        this.#lists,
      watches: all.reduce((sum, { watch }) => sum + watch.counts.watches, 0) +
        this.#watches,
    };
  }

  /** Resolves when everything has ended after the signal. */
  async ended(): Promise<void> {
    await Promise.all(this.#ended);
    this.#transport[Symbol.dispose]();
  }

  get #newest(): Running<T> | undefined {
    const next = this.#next;
    if (next?.watch.listedAtMs !== undefined) {
      const before = this.#current;
      if (before) {
        this.#lists += before.watch.counts.lists;
        this.#watches += before.watch.counts.watches;
        before.stop();
      }
      this.#current = next;
      this.#next = undefined;
    }
    return this.#current;
  }

  #begin(outer: AbortSignal): Running<T> {
    const stopper = new AbortController();
    const watch = new ListWatch(this.#subject, {
      transport: this.#transport,
      clock: this.#environment.clock,
      random: this.#environment.random,
      onChange: this.#environment.onChange,
    });
    const run = watch.run(AbortSignal.any([outer, stopper.signal]));
    this.#ended.push(run);
    if (this.#ended.length > 16) {
      void this.#ended.shift();
    }
    return { watch, stop: () => stopper.abort() };
  }
}

interface Running<T> {
  readonly watch: ListWatch<T>;
  readonly stop: () => void;
}
