/** The store's table of contents, `index.json`: the only file that says what the store holds. @module */

import { join } from "node:path";
import { z } from "zod";
import { WattkeeperError } from "../../../service/portable.ts";
import { readFailure } from "./file_error.ts";

/** Version of the store's layout; a reader refuses every other one. */
export const STORE_FORMAT_VERSION = 1;
/** Name of the table of contents in the store's folder. */
export const INDEX_FILE = "index.json";

const file = {
  /** Path below the store's folder, with `/`. */
  file: z.string(),
  sha256: z.string(),
  /** What it was imported from, as in `sources`. */
  source: z.string(),
};

const indexSchema = z.object({
  formatVersion: z.literal(STORE_FORMAT_VERSION),
  /** Where the data came from, and when (ISO 8601). */
  sources: z.array(z.object({
    description: z.string(),
    importedAt: z.string(),
  })),
  /** One pack each. */
  identities: z.array(z.object({
    system: z.string(),
    backend: z.string(),
    version: z.string(),
    bytes: z.number(),
    /** Rows with measured power; absent where an earlier release imported the pack. */
    poweredLeaves: z.number().optional(),
    ...file,
  })),
  /** Rows of an identity at lower power limits, one pack each (R17); absent before there were any. */
  limits: z.array(z.object({
    system: z.string(),
    backend: z.string(),
    version: z.string(),
    limitWatts: z.number(),
    ...file,
  })).default([]),
  /** Which version an estimate uses that names none, and what the slot names mean (`aic-engine.md` §1.2). */
  versions: z.array(z.object({
    system: z.string(),
    backend: z.string(),
    default: z.string(),
    current: z.string().nullable(),
    previous: z.string().nullable(),
    next: z.string().nullable(),
  })),
  systems: z.array(z.object({ name: z.string(), ...file })),
  models: z.array(z.object({ name: z.string(), ...file })),
});

/** Content of `index.json`. */
export type StoreIndex = z.infer<typeof indexSchema>;
/** One pack in the index. */
export type IndexedIdentity = StoreIndex["identities"][number];
/** Default and slots of one (system, backend). */
export type IndexedVersions = StoreIndex["versions"][number];

/** The index of a store that holds nothing. */
export function emptyIndex(): StoreIndex {
  return {
    formatVersion: STORE_FORMAT_VERSION,
    sources: [],
    identities: [],
    limits: [],
    versions: [],
    systems: [],
    models: [],
  };
}

/**
 * Reads the index of the store at `directory`.
 *
 * @returns the index, or null when there is no store
 * @throws {WattkeeperError} `corrupt_pack` for another format version or a damaged index, `file_unreadable`
 */
export async function readIndex(directory: string): Promise<StoreIndex | null> {
  const path = join(directory, INDEX_FILE);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw readFailure(path, error);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw unusable(path, "it is not JSON", error);
  }
  const version = z.looseObject({ formatVersion: z.unknown() }).safeParse(
    content,
  ).data?.formatVersion;
  if (version !== STORE_FORMAT_VERSION) {
    throw unusable(
      path,
      `its format version is ${
        JSON.stringify(version) ?? "missing"
      }, this program reads ${STORE_FORMAT_VERSION}`,
    );
  }
  const parsed = indexSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unusable(
    path,
    `"${issue?.path.join(".")}": ${issue?.message}`,
    parsed.error,
  );
}

function unusable(
  path: string,
  found: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "corrupt_pack",
    `The data store's index "${path}" cannot be used: ${found}.`,
    {
      where: path,
      remedy: "Run `data import` again with --force, which rebuilds the store.",
      cause,
    },
  );
}
