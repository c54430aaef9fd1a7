/** The test files below some paths. @module */

/** Folders with runs of their own: too long, or for a machine of one's own. */
const SEPARATE = new Set(["long", "gpu", "live"]);

/**
 * Lists test files.
 *
 * @param paths files, taken as they are, and folders, searched for `*_test.ts`
 * @returns paths in a stable order
 */
export function testFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    Deno.statSync(path).isFile ? [path] : [...below(path)].sort()
  );
}

function* below(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && !SEPARATE.has(entry.name)) yield* below(path);
    else if (entry.isFile && entry.name.endsWith("_test.ts")) yield path;
  }
}
