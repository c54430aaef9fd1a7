/** Packs in the browser's own storage (IndexedDB): kept, listed, read, removed. @module */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { type Pack, parsePack } from "../../optimizer-wasm/portable.ts";
import { WattkeeperError } from "../../service/portable.ts";
import type { StoredPack } from "./protocol.ts";

interface PackDatabase extends DBSchema {
  /** What is listed, by key. */
  readonly packs: { readonly key: string; readonly value: StoredPack };
  /** The bytes, under the same key. */
  readonly bytes: { readonly key: string; readonly value: ArrayBuffer };
}

/** No real pack is larger; the largest that `data import` writes of the public tables has about 60 MB. */
export const MOST_PACK_BYTES = 256 * 1024 * 1024;

let opened: Promise<IDBPDatabase<PackDatabase>> | undefined;

function database(): Promise<IDBPDatabase<PackDatabase>> {
  opened ??= openDB<PackDatabase>("wattkeeper", 1, {
    upgrade(fresh) {
      fresh.createObjectStore("packs", { keyPath: "key" });
      fresh.createObjectStore("bytes");
    },
  });
  opened.catch(() => opened = undefined);
  return opened;
}

/** Packs that are kept, by name. */
export async function listPacks(): Promise<StoredPack[]> {
  const packs = await (await database()).getAll("packs");
  return packs.sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Removes one; one that is not there is no error. */
export async function removePack(key: string): Promise<void> {
  const transaction = (await database()).transaction(
    ["packs", "bytes"],
    "readwrite",
  );
  await Promise.all([
    transaction.objectStore("packs").delete(key),
    transaction.objectStore("bytes").delete(key),
    transaction.done,
  ]);
}

/** Reads one that was kept. */
export async function readPack(key: string, where: string): Promise<Pack> {
  const bytes = await (await database()).get("bytes", key);
  if (bytes === undefined) {
    throw new WattkeeperError(
      "not_imported",
      `The pack "${where}" is no longer in this browser's storage.`,
      { where: "data", remedy: "Drop its file onto the page again." },
    );
  }
  return await parsePack(new Uint8Array(bytes), where);
}

/**
 * Checks a file and keeps it; an older one of the same identity is replaced.
 *
 * @throws {WattkeeperError} `corrupt_pack` for anything that is no whole pack of this version, `write_failed` when the
 * browser has no room
 */
export async function keepPack(file: File): Promise<StoredPack> {
  if (file.size > MOST_PACK_BYTES) {
    throw new WattkeeperError(
      "corrupt_pack",
      `The file "${file.name}" has ${
        megabytes(file.size)
      } MB; no pack has more than ${megabytes(MOST_PACK_BYTES)} MB.`,
      {
        where: file.name,
        remedy: "Drop a .wkpack file that `data import` wrote.",
      },
    );
  }
  if (crypto.subtle === undefined) {
    throw new WattkeeperError(
      "corrupt_pack",
      "This page was not loaded over HTTPS or from this machine, so the browser offers no SHA-256 to check packs with.",
      {
        where: file.name,
        remedy: "Open the page through `web` on 127.0.0.1, or over HTTPS.",
      },
    );
  }
  const bytes = await file.arrayBuffer();
  const { directory } = await checked(bytes, file.name);
  const { identity, system, slices, limitWatts } = directory;
  const sum = (of: "leaves" | "poweredLeaves") =>
    slices.reduce((total, slice) => total + slice[of], 0);
  const pack: StoredPack = {
    ...identity,
    key: [
      identity.system,
      identity.backend,
      identity.version,
      ...(limitWatts === undefined ? [] : [limitWatts]),
    ].join("|"),
    limitWatts,
    fileName: file.name,
    bytes: file.size,
    leaves: sum("leaves"),
    poweredLeaves: sum("poweredLeaves"),
    systemSpec: system,
  };
  try {
    const transaction = (await database()).transaction(
      ["packs", "bytes"],
      "readwrite",
    );
    await Promise.all([
      transaction.objectStore("packs").put(pack),
      transaction.objectStore("bytes").put(bytes, pack.key),
      transaction.done,
    ]);
  } catch (cause) {
    throw new WattkeeperError(
      "write_failed",
      `The browser did not keep "${file.name}" (${megabytes(file.size)} MB): ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
      {
        where: file.name,
        remedy: "Remove other packs, or allow this page more storage.",
        cause,
      },
    );
  }
  return pack;
}

async function checked(bytes: ArrayBuffer, name: string): Promise<Pack> {
  const pack = await parsed(bytes, name);
  const { limitWatts } = pack.directory;
  if (limitWatts === undefined) return pack;
  throw new WattkeeperError(
    "invalid_file",
    `"${name}" has the rows at a limit of ${limitWatts} W alone, not what an engine does without a cap.`,
    {
      where: name,
      remedy: "Drop the pack beside it, whose name has no limit.",
    },
  );
}

async function parsed(bytes: ArrayBuffer, name: string): Promise<Pack> {
  try {
    return await parsePack(new Uint8Array(bytes), name);
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    throw new WattkeeperError(error.code, error.message, {
      where: name,
      remedy: "Write it again with `data import`, and drop the new file.",
    });
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
