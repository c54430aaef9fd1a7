/** The import graph of the product, as Deno itself resolves it. @module */

import { fileURLToPath, pathToFileURL } from "node:url";
import { typescriptFiles } from "../../run/typescript_files.ts";

/** Root of the checkout, without a slash at the end. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
  .replace(/\/$/, "");

/** One import statement. */
export interface Import {
  /** The importing file, relative to the root. */
  readonly from: string;
  /** The imported file relative to the root, or the specifier of what is no file of ours: `node:fs`, `npm:zod@4`. */
  readonly to: string;
  /** Gone when the program runs. */
  readonly typeOnly: boolean;
  /** Imported when it is needed, not when the file is loaded. */
  readonly lazy: boolean;
}

interface InfoDependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
  readonly isDynamic?: boolean;
}

interface InfoOutput {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly InfoDependency[];
  }[];
}

/**
 * Reads every import of every TypeScript file but the tests'.
 *
 * @returns the imports, sorted by importing file
 */
export async function readImports(): Promise<Import[]> {
  const files = typescriptFiles(ROOT).filter((file) =>
    !file.startsWith("tests/")
  );
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-imports-" });
  try {
    const entry = `${folder}/all.ts`;
    const lines = files.map((file) =>
      `import ${JSON.stringify(pathToFileURL(`${ROOT}/${file}`).href)};\n`
    );
    await Deno.writeTextFile(entry, lines.join(""));
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["info", "--json", "--config", "deno.json", entry], cwd: ROOT },
    ).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(decoder.decode(stderr));
    return importsOf(JSON.parse(decoder.decode(stdout)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function importsOf({ modules }: InfoOutput): Import[] {
  return modules.flatMap(({ specifier, dependencies = [] }) => {
    const from = place(specifier);
    if (from.includes(":") || from.startsWith("/")) return [];
    return dependencies.map((dependency) => ({
      from,
      to: place(
        dependency.code?.specifier ?? dependency.type?.specifier ??
          dependency.specifier,
      ),
      typeOnly: dependency.code === undefined,
      lazy: dependency.isDynamic ?? false,
    }));
  }).sort((a, b) => a.from < b.from ? -1 : 1);
}

function place(specifier: string): string {
  const root = `${pathToFileURL(ROOT).href}/`;
  return specifier.startsWith(root)
    ? decodeURIComponent(specifier.slice(root.length))
    : specifier;
}

/**
 * Everything that some files reach at run time.
 *
 * @param imports the graph
 * @param start picks the files to start from
 * @returns files and specifiers, each with one way to it for error messages
 */
export function reach(
  imports: readonly Import[],
  start: (file: string) => boolean,
): Map<string, string> {
  const next = Map.groupBy(
    imports.filter((edge) => !edge.typeOnly),
    (edge) => edge.from,
  );
  const found = new Map<string, string>();
  const queue = [...next.keys()].filter(start);
  for (const file of queue) found.set(file, file);
  for (let file = queue.shift(); file; file = queue.shift()) {
    for (const { to } of next.get(file) ?? []) {
      if (found.has(to)) continue;
      found.set(to, `${found.get(file)} → ${to}`);
      queue.push(to);
    }
  }
  return found;
}
