/** Takes the start-up taint off the agent's own Node, once every GPU has been as it should be (decision 0223). @module */

import {
  type ApiClient,
  ApiError,
  Backoff,
  type BackoffBounds,
  type Clock,
  type Random,
} from "../cluster/mod.ts";
import type { AgentLog } from "./agent.ts";

/** What it works with. */
export interface StartupTaintOptions {
  readonly client: Pick<ApiClient, "get" | "jsonPatch">;
  readonly nodeName: string;
  /** Key of the taint. */
  readonly taint: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<AgentLog, "info" | "warning">;
}

const RETRY_DELAYS: BackoffBounds = {
  firstMs: 200,
  maxMs: 15_000,
  maxRetryAfterMs: 60_000,
};

/** One removal, retried until it is done. A Node that has no such taint is done at once. */
export class StartupTaint {
  readonly #options: StartupTaintOptions;
  readonly #enforced = Promise.withResolvers<void>();

  constructor(options: StartupTaintOptions) {
    this.#options = options;
  }

  /** To be called once a pass has left every GPU of the node as it should be. May be called again. */
  enforced(): void {
    this.#enforced.resolve();
  }

  /** Waits for {@linkcode enforced}, then removes the taint. Never throws for anything the server does. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, taint } = this.#options;
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
    await Promise.race([this.#enforced.promise, aborted]);
    const backoff = new Backoff(random, RETRY_DELAYS);
    let said = "";
    while (!signal.aborted) {
      try {
        if (await this.#remove(signal)) {
          log.info(`Every GPU has been enforced: took the taint ${taint} off.`);
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        if (message !== said) {
          log.warning(`The taint ${taint} cannot be taken off: ${message}`);
        }
        said = message;
        const asked = error instanceof ApiError ? error.retryAfterMs : 0;
        await clock.sleep(backoff.next(asked), signal);
      }
    }
  }

  /** @returns whether there was one; the patch holds only for the list of taints that was read */
  async #remove(signal: AbortSignal): Promise<boolean> {
    const { client, nodeName, taint } = this.#options;
    const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`;
    const node = await client.get(path, signal);
    const taints = taintsOf(node);
    if (!taints.some((one) => keyOf(one) === taint)) return false;
    await client.jsonPatch(path, [
      { op: "test", path: "/spec/taints", value: taints },
      {
        op: "replace",
        path: "/spec/taints",
        value: taints.filter((one) => keyOf(one) !== taint),
      },
    ], signal);
    return true;
  }
}

function taintsOf(node: unknown): readonly unknown[] {
  const spec = memberOf(node, "spec");
  const taints = memberOf(spec, "taints");
  return Array.isArray(taints) ? taints : [];
}

function keyOf(taint: unknown): unknown {
  return memberOf(taint, "key");
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Reflect.get(value, key)
    : undefined;
}
