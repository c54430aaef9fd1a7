/** The TypeScript files of the checkout. @module */

/** Made by builds, or not ours. */
const NOT_SOURCES = new Set(["build", "dist", "coverage", "node_modules"]);

/** AssemblyScript looks like TypeScript and is none. */
const ASSEMBLY_SCRIPT = "optimizer-wasm/assembly";

/** What runs in a browser alone and is checked with its libraries. */
export const BROWSER_CODE = /^web\/(?:page|worker|simulator|dashboard)\//;

/**
 * Lists every TypeScript file of the product and its tests.
 *
 * @param root folder of the checkout
 * @returns paths relative to the root, sorted
 */
export function typescriptFiles(root: string): string[] {
  return [...walk(root, "")].sort();
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(`${root}/${folder}`)) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith(".") || NOT_SOURCES.has(entry.name)) continue;
    if (entry.isDirectory && path !== ASSEMBLY_SCRIPT) yield* walk(root, path);
    else if (entry.isFile && /\.tsx?$/.test(path)) yield path;
  }
}
