/** Reads of an API server whose failure is an answer too: what cannot be read was not checked. @module */

import { type ApiClient, ApiError } from "../../cluster/mod.ts";

/** What came of a read. */
export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  /** There is no such object, or no such kind of object. */
  | { readonly kind: "absent"; readonly reason: string }
  /** It was not to be had; nothing is known about it. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** Objects of one LIST; more than this are read in several. */
const PAGE = 500;

/** Reads one object, or whatever else is at `path`. */
export function readObject(
  client: Pick<ApiClient, "get">,
  path: string,
  signal: AbortSignal,
): Promise<Reading<unknown>> {
  return reading(() => client.get(path, signal), signal);
}

/** Reads all objects of a collection. `path` may have a query. */
export function readList(
  client: Pick<ApiClient, "get">,
  path: string,
  signal: AbortSignal,
): Promise<Reading<readonly unknown[]>> {
  return reading(async () => {
    const items: unknown[] = [];
    let token: string | undefined;
    do {
      const query = new URLSearchParams({ limit: `${PAGE}` });
      if (token !== undefined) query.set("continue", token);
      const page = await client.get(
        `${path}${path.includes("?") ? "&" : "?"}${query}`,
        signal,
      );
      items.push(...listAt(page, "items"));
      token = textAt(page, "metadata", "continue") || undefined;
    } while (token !== undefined);
    return items;
  }, signal);
}

async function reading<T>(
  read: () => Promise<T>,
  signal: AbortSignal,
): Promise<Reading<T>> {
  try {
    return { kind: "read", value: await read() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    return {
      kind: error.status === 404 ? "absent" : "unreadable",
      reason: error.message,
    };
  }
}

/** What lies at a path inside a value of unknown shape. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined;
  }
  return found;
}

/** The text there, if it is one. */
export function textAt(
  value: unknown,
  ...path: readonly string[]
): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The number there, if it is one. */
export function numberAt(
  value: unknown,
  ...path: readonly string[]
): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** The list there; what is none counts as empty. */
export function listAt(
  value: unknown,
  ...path: readonly string[]
): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Name of an object. */
export function nameOf(object: unknown): string {
  return textAt(object, "metadata", "name") ?? "?";
}
