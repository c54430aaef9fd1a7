/** Reading a table's file, whichever form it has. @module */

import type { ColumnRequest, Columns } from "./columns.ts";
import { readCsv } from "./csv_columns.ts";
import { readParquet } from "./parquet_columns.ts";
import { invalidFile, type SourceTree } from "./source_tree.ts";

const LFS_POINTER = "version https://git-lfs";

/** Reads columns of the file at `path`. @throws {WattkeeperError} `invalid_file`, `file_unreadable` */
export async function readColumns(
  tree: SourceTree,
  path: string,
  requests: readonly ColumnRequest[],
): Promise<Columns> {
  const bytes = await tree.read(path);
  const where = tree.locate(path);
  const start = new TextDecoder().decode(
    bytes.subarray(0, LFS_POINTER.length),
  );
  if (start === LFS_POINTER) {
    throw invalidFile(
      where,
      "It is a Git LFS pointer: the checkout lacks the file's content.",
    );
  }
  return path.endsWith(".parquet")
    ? await readParquet(bytes, where, requests)
    : readCsv(bytes, where, requests);
}
