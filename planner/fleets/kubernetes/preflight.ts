/** Asks for everything that will be watched, once, so that every missing permission and API is told together. @module */

import { type ApiClient, ApiError } from "../../../cluster/mod.ts";
import type { Watched } from "./watched.ts";

/** What came of it. */
export interface Preflight {
  /** Why the watches that are needed cannot work, one text each. */
  readonly failures: readonly string[];
  /** Watches that only help and cannot work, with why. */
  readonly unhelpful: ReadonlyMap<Watched<unknown>, string>;
}

/** Asks. @throws {ApiError} when the server is out of reach or does not take the credentials: nothing else matters then */
export async function preflight(
  api: Pick<ApiClient, "get">,
  { needed, helpful, signal }: {
    readonly needed: readonly Watched<unknown>[];
    readonly helpful: readonly Watched<unknown>[];
    readonly signal: AbortSignal;
  },
): Promise<Preflight> {
  const ask = async (watched: Watched<unknown>) => {
    try {
      await api.get(`${watched.path}?limit=1`, signal);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind !== "forbidden" && error.kind !== "gone") throw error;
      return withWatch(error.message);
    }
  };
  const failures = (await Promise.all(needed.map(ask))).filter((one) =>
    one !== undefined
  );
  const unhelpful = new Map<Watched<unknown>, string>();
  for (const watched of helpful) {
    const failure = await ask(watched);
    if (failure !== undefined) unhelpful.set(watched, failure);
  }
  return { failures, unhelpful };
}

/** Who lists also watches: one rule to paste, not two in turn. */
function withWatch(message: string): string {
  return message.replace('verbs: ["list"]', 'verbs: ["list", "watch"]');
}
