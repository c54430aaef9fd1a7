/** Reads and writes of one API server, each with a deadline, a turn, and retries only where they are safe. @module */

import { ApiError } from "./api_error.ts";
import { Backoff, type BackoffBounds } from "./backoff.ts";
import { readText } from "./body.ts";
import { type Clock, deadline, type Random } from "./clock.ts";
import { RateLimit } from "./rate_limit.ts";
import type { ApiRequest, ApiTransport } from "./transport.ts";

/** What an {@linkcode ApiClient} works with and its bounds. */
export interface ApiClientOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** From the call to its result, waiting for a turn and retries included. Default 10 s. */
  readonly requestTimeoutMs?: number;
  /** Over a longer time; default 50. */
  readonly requestsPerSecond?: number;
  /** At once after a pause; default 100. */
  readonly burst?: number;
}

/** How often things have happened since the start. */
export interface ApiClientCounts {
  /** Sent, retries included. */
  requests: number;
  /** Waited for a turn, were refused one, or were answered with 429. */
  throttled: number;
  retried: number;
  /** Answered with 409. */
  conflicts: number;
}

/** Who applies, and whether fields of others are taken over. */
export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
}

/** What must hold of an object for it to be deleted, and how long it may take to end. */
export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** 0: at once, as a kubelet says that a pod has ended. */
  readonly gracePeriodSeconds?: number;
}

/** One operation of a JSON patch (RFC 6902). */
export type JsonPatchOperation =
  | { readonly op: "test" | "add" | "replace"; path: string; value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; path: string };

/** No object of an API server is longer: etcd takes 1.5 MiB, and a LIST goes through `ListWatch`. */
const MAX_BODY_BYTES = 16 << 20;
/** Requests of one call. */
const MAX_ATTEMPTS = 5;

const RETRY_DELAYS: BackoffBounds = {
  firstMs: 100,
  maxMs: 2_000,
  maxRetryAfterMs: 10_000,
};

/**
 * Reads and writes of one API server. A read is repeated after a broken connection, 429 and 5xx. A write is repeated
 * only when the server provably did not act: no connection came about, or it answered 429. A write whose answer never
 * came, or came as 5xx, is an {@linkcode ApiError} of kind `unanswered`: the caller looks before it writes again (C7).
 *
 * All paths are from the API server's root: `/api/v1/namespaces/N/pods/P`. All methods throw {@linkcode ApiError}, or
 * the reason of `signal` when it aborted before anything was sent.
 */
export class ApiClient {
  readonly counts: ApiClientCounts = {
    requests: 0,
    throttled: 0,
    retried: 0,
    conflicts: 0,
  };
  readonly #transport: ApiTransport;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timeoutMs: number;
  readonly #limit: RateLimit;
  #answeredAtMs = -Infinity;

  constructor(transport: ApiTransport, options: ApiClientOptions) {
    this.#transport = transport;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#timeoutMs = options.requestTimeoutMs ?? 10_000;
    this.#limit = new RateLimit(options.clock, {
      requestsPerSecond: options.requestsPerSecond ?? 50,
      burst: options.burst ?? 100,
    });
  }

  /** @returns the object or list at `path`, read consistently unless its query says otherwise */
  get(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.#call(path, { method: "GET" }, signal);
  }

  /**
   * @param path of the collection
   * @returns the object as stored
   */
  create(path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#call(path, { method: "POST", body }, signal);
  }

  /**
   * @param path of the object
   * @param body with the `metadata.resourceVersion` that it replaces: without one the write would be blind
   * @returns the object as stored
   */
  replace(path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#call(path, { method: "PUT", body }, signal);
  }

  /**
   * @param operations in order; a `test` that fails is an error of kind `invalid` and changes nothing
   * @returns the object as stored
   */
  jsonPatch(
    path: string,
    operations: readonly JsonPatchOperation[],
    signal?: AbortSignal,
  ): Promise<unknown> {
    return this.#call(path, {
      method: "PATCH",
      contentType: "application/json-patch+json",
      body: operations,
    }, signal);
  }

  /**
   * @param body a merge patch (RFC 7386); `metadata.resourceVersion` inside is a precondition whose failure is a
   * `conflict`; `metadata.uid` is one too, and failing alone it is a `conflict` or `invalid`, by kind of object
   * @returns the object as stored
   */
  mergePatch(
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    return this.#call(path, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body,
    }, signal);
  }

  /**
   * Server-side apply.
   *
   * @param body the fields to own, with `apiVersion`, `kind` and `metadata.name`
   * @returns the object as stored
   */
  apply(
    path: string,
    body: unknown,
    { fieldManager, force = false }: ApplyOptions,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const query = new URLSearchParams({ fieldManager, force: `${force}` });
    return this.#call(`${path}${path.includes("?") ? "&" : "?"}${query}`, {
      method: "PATCH",
      contentType: "application/apply-patch+yaml",
      body,
    }, signal);
  }

  /** Asks for the object's deletion; finalizers and grace periods may still hold it afterwards. */
  async delete(
    path: string,
    { gracePeriodSeconds, ...preconditions }: DeleteOptions = {},
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#call(path, {
      method: "DELETE",
      body: {
        kind: "DeleteOptions",
        apiVersion: "v1",
        preconditions,
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      },
    }, signal);
  }

  async #call(
    path: string,
    request: ApiRequest & { readonly method: string },
    outer: AbortSignal | undefined,
  ): Promise<unknown> {
    outer?.throwIfAborted();
    const startMs = this.#clock.now();
    const limit = deadline(this.#clock, this.#timeoutMs, {
      reason: new ApiError(
        "timeout",
        `${request.method} of ${
          path.split("?", 1)[0]
        } did not come through within ${this.#timeoutMs} ms.`,
      ),
      ...(outer ? { outer } : {}),
    });
    try {
      return await this.#attempts(path, request, {
        signal: limit.signal,
        untilMs: startMs + this.#timeoutMs,
      });
    } catch (error) {
      // Nothing at all came back since: the connections of this client are as dead as this one.
      if (
        limit.signal.aborted && outer?.aborted !== true &&
        this.#answeredAtMs < startMs
      ) this.#transport.discardConnections();
      throw error;
    } finally {
      limit.clear();
    }
  }

  async #attempts(
    path: string,
    request: ApiRequest & { readonly method: string },
    { signal, untilMs }: { signal: AbortSignal; untilMs: number },
  ): Promise<unknown> {
    const backoff = new Backoff(this.#random, RETRY_DELAYS);
    for (let attempt = 1;; attempt++) {
      try {
        await this.#turn(untilMs, signal);
        return await this.#once(path, { ...request, signal });
      } catch (error) {
        if (!(error instanceof ApiError) || signal.aborted) throw error;
        if (error.status !== undefined) this.#answeredAtMs = this.#clock.now();
        if (error.status === 429) this.counts.throttled++;
        if (error.kind === "conflict") this.counts.conflicts++;
        if (attempt >= MAX_ATTEMPTS || !mayRepeat(error, request.method)) {
          throw error;
        }
        const delayMs = backoff.next(error.retryAfterMs);
        if (this.#clock.now() + delayMs >= untilMs) throw error;
        this.counts.retried++;
        await this.#clock.sleep(delayMs, signal);
        signal.throwIfAborted();
      }
    }
  }

  /** Waits for this client's own rate limit. */
  async #turn(untilMs: number, signal: AbortSignal): Promise<void> {
    const leftMs = untilMs - this.#clock.now();
    const waitMs = this.#limit.take(leftMs);
    if (waitMs === 0) return;
    this.counts.throttled++;
    if (waitMs === undefined) {
      throw new ApiError(
        "throttled",
        `Too many requests wait for their turn: this one would come after its deadline in ${
          Math.round(leftMs)
        } ms. Nothing was sent.`,
      );
    }
    await this.#clock.sleep(waitMs, signal);
    signal.throwIfAborted();
  }

  async #once(
    path: string,
    request: ApiRequest & { readonly method: string },
  ): Promise<unknown> {
    this.counts.requests++;
    const response = await this.#transport.send(path, request);
    try {
      const object: unknown = JSON.parse(
        await readText(response, MAX_BODY_BYTES),
      );
      this.#answeredAtMs = this.#clock.now();
      return object;
    } catch (cause) {
      if (request.method === "GET") throw unreadable(path, request, cause);
      throw new ApiError(
        "unanswered",
        `The answer to ${request.method} ${
          path.split("?", 1)[0]
        } broke off: it was accepted, and what became of the object is not known.`,
        { status: response.status, cause },
      );
    }
  }
}

/** Whether sending it again can do no harm, and may help. */
function mayRepeat(error: ApiError, method: string): boolean {
  if (error.status === 429 || error.kind === "unreachable") return true;
  return method === "GET" && (error.status ?? 0) >= 500;
}

/** The error of a read whose body did not come whole, or is not JSON. */
function unreadable(
  path: string,
  { signal }: ApiRequest,
  cause: unknown,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof ApiError) return cause;
  const where = path.split("?", 1)[0];
  return cause instanceof SyntaxError
    ? new ApiError("protocol", `The answer to ${where} is not JSON.`, { cause })
    : new ApiError("unreachable", `The answer to ${where} broke off.`, {
      cause,
    });
}
