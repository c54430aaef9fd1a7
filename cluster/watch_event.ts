/** One line of a watch, checked. @module */

import { ApiError } from "./api_error.ts";

/** An object of the API, as far as every object has it. */
export interface ApiObject {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly object: unknown;
}

/** What a line of a watch says. */
export type WatchEvent =
  | { readonly kind: "upsert"; readonly item: ApiObject }
  | { readonly kind: "deleted"; readonly item: ApiObject }
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  | { readonly kind: "other" };

/**
 * Reads one line.
 *
 * @throws {ApiError} `gone` for an ERROR event with code 410, `status` for other ERROR events, `protocol` for
 * anything that is not a watch event
 */
export function readWatchEvent(line: string): WatchEvent {
  const event = parse(line);
  const object = member(event, "object");
  switch (member(event, "type")) {
    case "ADDED":
    case "MODIFIED":
      return { kind: "upsert", item: readApiObject(object) };
    case "DELETED":
      return { kind: "deleted", item: readApiObject(object) };
    case "BOOKMARK": {
      const version = member(member(object, "metadata"), "resourceVersion");
      if (typeof version === "string" && version !== "") {
        return { kind: "bookmark", resourceVersion: version };
      }
      throw new ApiError("protocol", "A bookmark has no resourceVersion.");
    }
    case "ERROR":
      throw errorEvent(object);
    default:
      if (typeof member(event, "type") === "string") return { kind: "other" };
      throw new ApiError("protocol", "A line of the watch is not an event.");
  }
}

/**
 * Reads what every stored object has.
 *
 * @throws {ApiError} `protocol` without UID or resourceVersion
 */
export function readApiObject(object: unknown): ApiObject {
  const metadata = member(object, "metadata");
  const uid = member(metadata, "uid");
  const resourceVersion = member(metadata, "resourceVersion");
  if (
    typeof uid !== "string" || uid === "" ||
    typeof resourceVersion !== "string" || resourceVersion === ""
  ) {
    throw new ApiError("protocol", "An object has no UID or resourceVersion.");
  }
  return { uid, resourceVersion, object };
}

/** Reads a field of a value of unknown shape. */
export function member(parent: unknown, name: string): unknown {
  return typeof parent === "object" && parent !== null &&
      Object.hasOwn(parent, name)
    ? (parent as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new ApiError("protocol", "A line of the watch is not JSON.", {
      cause,
    });
  }
}

function errorEvent(status: unknown): ApiError {
  const code = member(status, "code");
  const message = String(member(status, "message") ?? "").slice(0, 300);
  return code === 410
    ? new ApiError("gone", `The watch's version is too old: "${message}".`, {
      status: 410,
    })
    : new ApiError("status", `The watch reports an error: "${message}".`, {
      ...(typeof code === "number" ? { status: code } : {}),
    });
}
