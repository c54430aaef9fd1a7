/** Asks Prometheus: authentication, TLS, time and size limits. No retries: the next window asks again. @module */

import { type Clock, deadline } from "../../../cluster/mod.ts";
import type { PrometheusConfig } from "../../config/mod.ts";
import { type QueryAnswer, readAnswer } from "./answer.ts";
import { boundedText } from "./body.ts";
import { connectionError, QueryError } from "./query_error.ts";

/** What the client is made of. */
export interface PrometheusClientOptions {
  readonly config: PrometheusConfig;
  /** What the time limit is measured with. */
  readonly clock: Clock;
}

interface Trust {
  readonly certificates: string | undefined;
  readonly client: Deno.HttpClient;
}

/** A connection to one Prometheus. */
export class PrometheusClient implements Disposable {
  readonly #config: PrometheusConfig;
  readonly #clock: Clock;
  #trust: Trust | undefined;

  constructor({ config, clock }: PrometheusClientOptions) {
    this.#config = config;
    this.#clock = clock;
  }

  /** How messages call the server, without anything secret. */
  get name(): string {
    const { origin, pathname } = new URL(this.#config.url);
    return `Prometheus at ${origin}${pathname === "/" ? "" : pathname}`;
  }

  /**
   * An instant query, evaluated at the server's own now: a clock here that is wrong by minutes changes nothing.
   *
   * @throws {QueryError} whatever went wrong; or the signal's reason
   */
  async query(promql: string, signal: AbortSignal): Promise<QueryAnswer> {
    const { timeoutSeconds } = this.#config;
    const limit = deadline(this.#clock, timeoutSeconds * 1000, {
      reason: new QueryError(
        "timeout",
        `No answer within ${timeoutSeconds} s.`,
      ),
      outer: signal,
    });
    try {
      return readAnswer(await this.#get(promql, limit.signal));
    } catch (error) {
      if (error instanceof QueryError) throw error;
      if (limit.signal.aborted) throw limit.signal.reason;
      throw connectionError(error);
    } finally {
      limit.clear();
    }
  }

  async #get(promql: string, signal: AbortSignal): Promise<string> {
    const headers = new Headers({ accept: "application/json" });
    const token = await this.#token();
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const client = await this.#httpClient();
    signal.throwIfAborted();
    const response = await fetch(this.#address(promql), {
      headers,
      signal,
      client,
      // A redirect would carry the token to wherever it points.
      redirect: "manual",
    });
    if (response.ok) return await boundedText(response);
    await response.body?.cancel();
    const { status } = response;
    if (status === 401 || status === 403) {
      throw new QueryError(
        "unauthorised",
        `Prometheus answered ${status}: ${
          token === undefined
            ? "no token was sent"
            : "the token is not accepted"
        }.`,
      );
    }
    throw new QueryError(
      "bad_answer",
      status >= 300 && status < 400
        ? `Prometheus answered ${status}, a redirect to "${
          response.headers.get("location")?.slice(0, 200) ?? ""
        }"; redirects are not followed.`
        : `Prometheus answered ${status}.`,
    );
  }

  #address(promql: string): URL {
    const address = new URL(this.#config.url);
    address.pathname = `${address.pathname.replace(/\/+$/, "")}/api/v1/query`;
    for (const [name, value] of Object.entries(this.#config.extraQueryParams)) {
      address.searchParams.append(name, value);
    }
    address.searchParams.set("query", promql);
    return address;
  }

  /** The file wins and is read at every request: mounted tokens are replaced while we run (P2). */
  async #token(): Promise<string | undefined> {
    const { bearerTokenFile, bearerToken } = this.#config;
    if (bearerTokenFile === undefined) return bearerToken;
    const text = await textOf(bearerTokenFile, "unauthorised", "token file");
    const token = text.trim();
    if (token === "" || /\s/.test(token)) {
      throw new QueryError(
        "unauthorised",
        `The token file "${bearerTokenFile}" holds no token.`,
      );
    }
    return token;
  }

  /** Connections are kept; a changed CA bundle makes new ones. */
  async #httpClient(): Promise<Deno.HttpClient> {
    const { caBundle } = this.#config;
    const certificates = caBundle === undefined
      ? undefined
      : await textOf(caBundle, "tls", "CA bundle");
    if (this.#trust && this.#trust.certificates === certificates) {
      return this.#trust.client;
    }
    const client = Deno.createHttpClient({
      caCerts: certificates === undefined ? [] : [certificates],
    });
    const before = this.#trust;
    this.#trust = { certificates, client };
    before?.client.close();
    return client;
  }

  [Symbol.dispose](): void {
    this.#trust?.client.close();
    this.#trust = undefined;
  }
}

async function textOf(
  path: string,
  kind: "unauthorised" | "tls",
  what: string,
): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new QueryError(
      kind,
      `The ${what} "${path}" could not be read: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      cause,
    );
  }
}
