/** A wheel (zip) as a source: read in place, never unpacked to a disk. @module */

import {
  type Entry,
  type FileEntry,
  Reader,
  Uint8ArrayWriter,
  ZipReader,
} from "@zip.js/zip.js";
import { readFailure } from "../store/mod.ts";
import {
  invalidFile,
  isDataPath,
  MAX_FILE_BYTES,
  MAX_FILES,
  notAicData,
  type SourceTree,
} from "./source_tree.ts";

/** All data files together may not inflate to more, bytes; those of the released package have 115 MB. */
const MAX_TOTAL_BYTES = 4 * 2 ** 30;

/**
 * Opens a wheel.
 *
 * @throws {WattkeeperError} `invalid_file` when it is no sound zip file or means harm, `not_aic_data`
 */
export async function openWheel(path: string): Promise<SourceTree> {
  const file = await Deno.open(path).catch((error) => {
    throw readFailure(path, error);
  });
  const zip = new ZipReader(new OpenFileReader(file), {
    useWebWorkers: false,
    checkSignature: true,
    strictness: "strict",
  });
  try {
    const entries = await listEntries(zip, path);
    const locate = (name: string) => `${path}!${entries.prefix}${name}`;
    return {
      description: path.slice(path.lastIndexOf("/") + 1),
      files: [...entries.byName.keys()].sort(),
      locate,
      read: (name) => inflate(entries.byName.get(name), locate(name)),
      [Symbol.asyncDispose]: async () => {
        await zip.close();
        file.close();
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function listEntries(
  zip: ZipReader<unknown>,
  path: string,
): Promise<{ prefix: string; byName: Map<string, FileEntry> }> {
  const all: FileEntry[] = [];
  try {
    for await (const entry of zip.getEntriesGenerator()) {
      checkName(entry, path);
      if (!entry.directory) all.push(entry);
      if (all.length > MAX_FILES) {
        throw invalidFile(path, `It has more than ${MAX_FILES} files.`);
      }
    }
  } catch (error) {
    if (error instanceof Error && error.name === "WattkeeperError") throw error;
    throw invalidFile(path, "It is not a readable wheel (zip file).", error);
  }
  const prefix = all
    .map(({ filename }) => /^(.*?)systems\/[^/]+\.yaml$/.exec(filename)?.[1])
    .filter((it) => it !== undefined)
    .sort((a, b) => a.length - b.length)[0];
  if (prefix === undefined) {
    throw notAicData(path, "the wheel has no systems/<system>.yaml");
  }
  const byName = new Map<string, FileEntry>();
  let total = 0;
  for (const entry of all) {
    if (!entry.filename.startsWith(prefix)) continue;
    const name = entry.filename.slice(prefix.length);
    if (!isDataPath(name)) continue;
    total += entry.uncompressedSize;
    if (entry.uncompressedSize > MAX_FILE_BYTES || total > MAX_TOTAL_BYTES) {
      throw invalidFile(
        path,
        `"${entry.filename}" would inflate to ${entry.uncompressedSize} bytes; a table may have ${MAX_FILE_BYTES}, a wheel ${MAX_TOTAL_BYTES}.`,
      );
    }
    byName.set(name, entry);
  }
  return { prefix, byName };
}

/** Names that would leave the folder they are unpacked to mean harm, although nothing is unpacked here. */
function checkName({ filename, encrypted }: Entry, path: string): void {
  if (
    filename.startsWith("/") || /[\\\0]/.test(filename) ||
    /^[a-z]:/i.test(filename) || filename.split("/").includes("..")
  ) {
    throw invalidFile(
      path,
      `It has an entry outside of itself: ${JSON.stringify(filename)}.`,
    );
  }
  if (encrypted) {
    throw invalidFile(path, `Its entry "${filename}" is encrypted.`);
  }
}

async function inflate(
  entry: FileEntry | undefined,
  where: string,
): Promise<Uint8Array> {
  if (entry === undefined) throw invalidFile(where, "It is missing.");
  try {
    return await entry.getData(new BoundedWriter(entry.uncompressedSize));
  } catch (error) {
    throw invalidFile(
      where,
      "It cannot be inflated: size or checksum do not match the wheel's directory.",
      error,
    );
  }
}

/** Collects an inflated file and stops as soon as it is longer than its directory entry says. */
class BoundedWriter extends Uint8ArrayWriter {
  #left: number;

  constructor(size: number) {
    super();
    this.#left = size;
  }

  override writeUint8Array(array: Uint8Array): Promise<void> {
    this.#left -= array.length;
    if (this.#left < 0) {
      throw new RangeError(
        "The file is longer than the wheel's directory says.",
      );
    }
    return super.writeUint8Array(array);
  }
}

/** Reads ranges of an open file. */
class OpenFileReader extends Reader<Deno.FsFile> {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    super(file);
    this.#file = file;
  }

  override async init(): Promise<void> {
    await super.init?.();
    this.size = (await this.#file.stat()).size;
  }

  override async readUint8Array(
    index: number,
    length: number,
  ): Promise<Uint8Array> {
    await this.#file.seek(index, Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.min(length, this.size - index));
    let filled = 0;
    while (filled < bytes.length) {
      const read = await this.#file.read(bytes.subarray(filled));
      if (read === null) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  }
}
