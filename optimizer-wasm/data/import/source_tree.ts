/** Where AIC's files are read from: a folder or a wheel, seen the same way. @module */

import { WattkeeperError } from "../../../service/portable.ts";

/** Files of a source, by their path below the package: `systems/…`, `model_configs/…`. */
export interface SourceTree extends AsyncDisposable {
  /** What a person calls it: a path, a wheel's name. */
  readonly description: string;
  /** All files, sorted. */
  readonly files: readonly string[];
  /** @throws {WattkeeperError} `file_unreadable`, `invalid_file` */
  read(path: string): Promise<Uint8Array>;
  /** How the file is called outside, for errors. */
  locate(path: string): string;
}

/** No single file of the source may be larger, bytes; the largest shipped one has 3 MB. */
export const MAX_FILE_BYTES = 256 * 2 ** 20;
/** No description (yaml, JSON) may be larger, bytes; the largest shipped one has 0.2 MB. */
const MAX_TEXT_BYTES = 8 * 2 ** 20;
/** No source may have more files; the released package has 1,500. */
export const MAX_FILES = 100_000;

const FOLDERS = ["systems", "model_configs"];

/** Whether a path below the package is one that an import looks at. */
export function isDataPath(path: string): boolean {
  return FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}

/**
 * Reads a description: a yaml or JSON file.
 *
 * @throws {WattkeeperError} `file_unreadable`, `invalid_file`
 */
export async function readText(
  tree: SourceTree,
  path: string,
): Promise<string> {
  const bytes = await tree.read(path);
  if (bytes.length > MAX_TEXT_BYTES) {
    throw invalidFile(
      tree.locate(path),
      `It has ${bytes.length} bytes; the most a description may have is ${MAX_TEXT_BYTES}.`,
    );
  }
  return new TextDecoder().decode(bytes);
}

/** The source has no AIC data. */
export function notAicData(
  where: string,
  found: string,
): WattkeeperError {
  return new WattkeeperError(
    "not_aic_data",
    `"${where}" holds no AIConfigurator data: ${found}.`,
    {
      where,
      remedy:
        "Name a checkout of AIConfigurator, its systems folder, a wheel of aiconfigurator-core, or pip:aiconfigurator-core==0.12.0.",
    },
  );
}

/** A file's content is not what its kind requires. */
export function invalidFile(
  where: string,
  problem: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError("invalid_file", `"${where}": ${problem}`, {
    where,
    remedy:
      "Get the file again from its source; if it is a checkout, run `git lfs pull` there.",
    cause,
  });
}
