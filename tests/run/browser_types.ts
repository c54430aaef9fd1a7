/** Type-checks code that runs in a browser, without Deno's and Node's names. @module */

/** Libraries of a page and its workers. */
export const BROWSER_LIBRARIES: readonly string[] = [
  "esnext",
  "dom",
  "dom.iterable",
  "dom.asynciterable",
];

/** What is checked. */
export interface TypeCheck {
  /** Root of the checkout, without a slash at the end. */
  readonly root: string;
  /** Names of TypeScript's libraries. */
  readonly libraries: readonly string[];
  readonly files: readonly string[];
  /** Whose errors count; a file that is imported for its types only may use Deno. */
  readonly ours: (file: string) => boolean;
}

/** @returns the errors, each with its place */
export async function typeErrors(
  { root, libraries, files, ours }: TypeCheck,
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-types-" });
  try {
    const { compilerOptions, imports } = JSON.parse(
      await Deno.readTextFile(`${root}/deno.json`),
    );
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({
        imports,
        compilerOptions: { ...compilerOptions, lib: libraries },
      }),
    );
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", `${folder}/deno.json`, ...files],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stderr).split("\n\n").filter((text) => {
      const [, file] = /at file:\/\/(\S+?):\d+:\d+/.exec(text) ?? [];
      return file === undefined
        ? text.includes("[ERROR]")
        : ours(file.slice(root.length + 1));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
