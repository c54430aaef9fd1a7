/** The objects a list+watch holds, and the proof that the server did not contradict itself. @module */

import { ApiError } from "./api_error.ts";
import { isOlder } from "./resource_version.ts";
import type { ApiObject } from "./watch_event.ts";

interface Stored<T> {
  /** The newest version that LIST or watch have shown: they must not go back behind it. */
  readonly watchedVersion: string;
  /** Of the value; newer than the watched one after an answer of the server to a request of our own. */
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
      objects.set(item.uid, stored(item.resourceVersion, value));
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
    const newest = known?.watchedVersion ?? this.#deleted.get(item.uid);
    if (newest === item.resourceVersion) return false;
    if (newest !== undefined && isOlder(item.resourceVersion, newest)) {
      throw wentBack(item, newest);
    }
    if (known && !isNewer(item.resourceVersion, known.resourceVersion)) {
      // What an answer has shown already.
      this.#objects.set(item.uid, {
        ...known,
        watchedVersion: item.resourceVersion,
      });
      return false;
    }
    const value = this.#valueOf(item);
    this.#values = undefined;
    if (value === undefined) return this.#objects.delete(item.uid);
    this.#objects.set(item.uid, stored(item.resourceVersion, value));
    this.#deleted.delete(item.uid);
    return true;
  }

  /**
   * Takes an object as the server answered it to a request of our own. It counts when it is newer than what is held; it
   * never brings back an object that is not held, and one that cannot be read is left to LIST and watch.
   *
   * @returns whether anything changed
   */
  learn(item: ApiObject): boolean {
    const known = this.#objects.get(item.uid);
    if (!known || !isOlder(known.resourceVersion, item.resourceVersion)) {
      return false;
    }
    let value: T | undefined;
    try {
      value = this.#valueOf(item);
    } catch {
      return false;
    }
    if (value === undefined) return false;
    this.#objects.set(item.uid, {
      ...known,
      resourceVersion: item.resourceVersion,
      value,
    });
    this.#values = undefined;
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

function stored<T>(version: string, value: T): Stored<T> {
  return { watchedVersion: version, resourceVersion: version, value };
}

/** Whether `a` replaces `b`; versions without an order are told apart only. */
function isNewer(a: string, b: string): boolean {
  return a !== b && !isOlder(a, b);
}

function wentBack(item: ApiObject, newest: string): ApiError {
  return new ApiError(
    "protocol",
    `Object ${item.uid} went back from version ${newest} to ${item.resourceVersion}.`,
  );
}
