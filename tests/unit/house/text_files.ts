/** The text files of the checkout. @module */

/** Made by builds, or not ours. */
const NOT_SOURCES = new Set(["build", "dist", "coverage", "node_modules"]);

const TEXT = /\.(?:ts|js|md|json|jsonc|yaml|yml|c|h|sh|css|html|go|mod)$/;

/** Files without an ending, and folders that begin with a dot, that are ours all the same. */
const ALSO = new Set([".ci", "run", "LICENSE", ".gitignore"]);

/**
 * Lists every text file that a person could have written.
 *
 * @param root folder of the checkout
 * @returns paths relative to the root, sorted
 */
export function textFiles(root: string): string[] {
  return [...walk(root, "")].sort();
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(`${root}/${folder}`)) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (NOT_SOURCES.has(entry.name)) continue;
    if (entry.name.startsWith(".") && !ALSO.has(entry.name)) continue;
    if (entry.isDirectory) yield* walk(root, path);
    else if (TEXT.test(entry.name) || ALSO.has(entry.name)) yield path;
  }
}
