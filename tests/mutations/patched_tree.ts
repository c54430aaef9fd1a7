/** A copy of the tree that is broken on purpose, one patch at a time. @module */

/** One patch. */
export interface Patch {
  readonly file: string;
  /** Text that is there exactly once. */
  readonly from: string;
  readonly to: string;
}

const LEFT_OUT = new Set([".git", "dist", "docs", "node_modules", "coverage"]);

/** A folder of its own, removed in the end. */
export class PatchedTree implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param root of the tree, with a slash at its end */
  static async copy(root: string): Promise<PatchedTree> {
    const folder = await Deno.makeTempDir({ prefix: "patched-" });
    const names = [...Deno.readDirSync(root)].map(({ name }) => name)
      .filter((name) => !LEFT_OUT.has(name));
    const { success } = await new Deno.Command("cp", {
      args: ["-r", ...names.map((name) => `${root}${name}`), folder],
    }).output();
    if (!success) throw new Error("The tree cannot be copied.");
    return new PatchedTree(folder);
  }

  /**
   * Runs something in the patched tree.
   *
   * @throws when the text is not there exactly once
   */
  async with<Result>(
    { file, from, to }: Patch,
    run: (folder: string) => Promise<Result>,
  ): Promise<Result> {
    const path = `${this.folder}/${file}`;
    const text = await Deno.readTextFile(path);
    if (text.split(from).length !== 2) {
      throw new Error(`"${from}" is not exactly once in ${file}.`);
    }
    await Deno.writeTextFile(path, text.replace(from, () => to));
    try {
      return await run(this.folder);
    } finally {
      await Deno.writeTextFile(path, text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
