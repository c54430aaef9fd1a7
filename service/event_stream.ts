/** Server-sent events for many readers: ids, resumption, heartbeats; who reads too slowly is dropped. @module */

/** One event as it is sent. */
export interface StreamEvent {
  /** Grows by one with each event of this process. */
  readonly id: number;
  readonly event: string;
  /** JSON in one line. */
  readonly data: string;
}

/** How much a stream holds. */
export interface StreamLimits {
  readonly clients: number;
  /** Events that a reader may be behind before it is dropped. */
  readonly pendingEvents: number;
  /** Events that are kept for readers that come back. */
  readonly keptEvents: number;
  readonly heartbeatMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  clients: 32,
  pendingEvents: 256,
  keptEvents: 256,
  heartbeatMs: 15_000,
};

interface Client {
  readonly send: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

/** A source of events for HTTP readers. Publishing never waits and never throws. */
export class EventStream {
  readonly #limits: StreamLimits;
  readonly #clients = new Set<Client>();
  readonly #kept: StreamEvent[] = [];
  readonly #encoder = new TextEncoder();
  readonly #origin: string;
  #lastId = 0;
  #dropped = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  /** @param origin part of every id, so that ids of another process are not taken for ours */
  constructor(limits: Partial<StreamLimits> = {}, origin = "0") {
    this.#limits = { ...STREAM_LIMITS, ...limits };
    this.#origin = origin;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Readers that were dropped because they were too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends one event to everybody. */
  publish(event: string, data: unknown): void {
    const entry = { id: ++this.#lastId, event, data: JSON.stringify(data) };
    this.#kept.push(entry);
    if (this.#kept.length > this.#limits.keptEvents) this.#kept.shift();
    if (this.#clients.size === 0) return;
    const bytes = this.#encode(entry);
    for (const client of [...this.#clients]) client.send(bytes);
  }

  /**
   * A body for one reader: what it missed since `lastEventId`, then everything new.
   *
   * @returns undefined when there are too many readers
   */
  open(lastEventId?: string | null): ReadableStream<Uint8Array> | undefined {
    if (this.#clients.size >= this.#limits.clients) return undefined;
    let client: Client;
    const leave = () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) clearInterval(this.#heartbeat);
    };
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const close = () => {
          leave();
          try {
            controller.close();
          } catch {
            // Already closed by its reader.
          }
        };
        client = {
          close,
          send: (bytes) => {
            // desiredSize falls by one with each event that is not read yet.
            if ((controller.desiredSize ?? 0) <= -this.#limits.pendingEvents) {
              this.#dropped++;
              leave();
              controller.error(new Error("The reader is too slow."));
              return;
            }
            controller.enqueue(bytes);
          },
        };
        this.#clients.add(client);
        if (this.#clients.size === 1) this.#startHeartbeat();
        controller.enqueue(this.#encoder.encode("retry: 2000\n\n"));
        for (const event of this.#missed(lastEventId ?? undefined)) {
          controller.enqueue(this.#encode(event));
        }
      },
      cancel: leave,
    });
  }

  /** Ends every reader's stream. */
  close(): void {
    for (const client of [...this.#clients]) client.close();
    clearInterval(this.#heartbeat);
  }

  #startHeartbeat(): void {
    const beat = this.#encoder.encode(": heartbeat\n\n");
    this.#heartbeat = setInterval(() => {
      for (const client of [...this.#clients]) client.send(beat);
    }, this.#limits.heartbeatMs);
  }

  #missed(lastEventId: string | undefined): readonly StreamEvent[] {
    if (lastEventId === undefined) return [];
    const [origin, id] = lastEventId.split("-");
    const seen = Number(id);
    if (origin !== this.#origin || !Number.isSafeInteger(seen)) {
      return this.#kept;
    }
    return this.#kept.filter((event) => event.id > seen);
  }

  #encode({ id, event, data }: StreamEvent): Uint8Array {
    return this.#encoder.encode(
      `id: ${this.#origin}-${id}\nevent: ${event}\ndata: ${data}\n\n`,
    );
  }
}
