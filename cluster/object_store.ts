/** The objects a list+watch holds, and the proof that the server did not contradict itself. @module */

import { ApiError } from "./api_error.ts";
import { isOlder } from "./resource_version.ts";
import type { ApiObject } from "./watch_event.ts";

interface Stored<T> {
  readonly resourceVersion: string;
  readonly value: T;
}

/** Newest version of each object by UID. A new pod under an old name is another object. */
export class ObjectStore<T> {
  readonly #read: (object: unknown) => T | undefined;
  #objects = new Map<string, Stored<T>>();
  /** Versions of objects deleted since the last LIST, so that a late event cannot bring one back. */
  #deleted = new Map<string, string>();
  #values: readonly T[] | undefined;

  /** @param read the object's value; undefined when it is not to be held; throws when it is malformed */
  constructor(read: (object: unknown) => T | undefined) {
    this.#read = read;
  }

  /** All values; the same array until something changes. */
  get values(): readonly T[] {
    this.#values ??= Object.freeze(
      [...this.#objects.values()].map((stored) => stored.value),
    );
    return this.#values;
  }

  /** Takes a LIST for the whole truth. @returns whether anything changed */
  replace(items: readonly ApiObject[]): boolean {
    const objects = new Map<string, Stored<T>>();
    for (const item of items) {
      const known = objects.get(item.uid);
      if (known && isOlder(item.resourceVersion, known.resourceVersion)) {
        continue;
      }
      const value = this.#valueOf(item);
      if (value === undefined) continue;
      objects.set(item.uid, { resourceVersion: item.resourceVersion, value });
    }
    const changed = objects.size !== this.#objects.size ||
      [...objects].some(([uid, { resourceVersion }]) =>
        this.#objects.get(uid)?.resourceVersion !== resourceVersion
      );
    this.#objects = objects;
    this.#deleted = new Map();
    if (changed) this.#values = undefined;
    return changed;
  }

  /**
   * Takes an added or changed object. @returns whether anything changed
   *
   * @throws {ApiError} `protocol` when the object goes back in time
   */
  upsert(item: ApiObject): boolean {
    const known = this.#objects.get(item.uid);
    const newest = known?.resourceVersion ?? this.#deleted.get(item.uid);
    if (newest === item.resourceVersion) return false;
    if (newest !== undefined && isOlder(item.resourceVersion, newest)) {
      throw wentBack(item, newest);
    }
    const value = this.#valueOf(item);
    this.#values = undefined;
    if (value === undefined) return this.#objects.delete(item.uid);
    this.#objects.set(item.uid, {
      resourceVersion: item.resourceVersion,
      value,
    });
    this.#deleted.delete(item.uid);
    return true;
  }

  /**
   * Takes a deletion. @returns whether anything changed
   *
   * @throws {ApiError} `protocol` when a newer version than the deleted one is known
   */
  delete(item: ApiObject): boolean {
    const known = this.#objects.get(item.uid);
    if (known && isOlder(item.resourceVersion, known.resourceVersion)) {
      throw wentBack(item, known.resourceVersion);
    }
    this.#deleted.set(item.uid, item.resourceVersion);
    this.#values = undefined;
    return this.#objects.delete(item.uid);
  }

  #valueOf(item: ApiObject): T | undefined {
    try {
      return this.#read(item.object);
    } catch (cause) {
      throw new ApiError(
        "protocol",
        `Object ${item.uid} is malformed: ${
          cause instanceof Error ? cause.message : cause
        }`,
        { cause },
      );
    }
  }
}

function wentBack(item: ApiObject, newest: string): ApiError {
  return new ApiError(
    "protocol",
    `Object ${item.uid} went back from version ${newest} to ${item.resourceVersion}.`,
  );
}
