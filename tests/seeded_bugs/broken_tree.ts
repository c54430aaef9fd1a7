/** A copy of the product with a bug built in, and the search for it there. @module */

import { fileURLToPath } from "node:url";
import type { SeededBug } from "./bugs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What a schedule needs to run. */
const PARTS = [
  "agent",
  "cluster",
  "deno.json",
  "deno.lock",
  "optimizer-wasm",
  "planner",
  "proof",
  "service",
  "simulator",
  "tests/seeded_bugs",
];

/** How a search is run, beyond the defaults. */
export interface Machine {
  readonly v8Flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a search came to. */
export interface Found {
  /** Undefined: not found. */
  readonly seed: number | undefined;
  readonly invariant: string | undefined;
  /** Of all lines of the record of the finding run. */
  readonly hash: string | undefined;
  /** Schedules that were run, the finding one included. */
  readonly schedules: number;
}

/** The copied tree; it is removed at the end. */
export class BrokenTree implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create(): Promise<BrokenTree> {
    const folder = await Deno.makeTempDir({ prefix: "seeded-bugs-" });
    await Deno.mkdir(`${folder}/tests`);
    for (const part of PARTS) {
      const { success } = await new Deno.Command("cp", {
        args: ["-r", `${ROOT}${part}`, `${folder}/${part}`],
      }).output();
      if (!success) throw new Error(`"${part}" cannot be copied.`);
    }
    return new BrokenTree(folder);
  }

  /**
   * Builds a bug in, looks for it, and takes it out.
   *
   * @throws {Error} when its words are not in the source exactly once
   */
  async search(
    { changes }: SeededBug,
    { firstSeed, count, machine = {} }: {
      readonly firstSeed: number;
      readonly count: number;
      /** What is different from this machine. */
      readonly machine?: Machine;
    },
  ): Promise<Found> {
    const before = new Map<string, string>();
    try {
      for (const { file, from, to } of changes) {
        const path = `${this.folder}/${file}`;
        const text = await Deno.readTextFile(path);
        if (text.split(from).length !== 2) {
          throw new Error(`${file} does not have exactly once: ${from}`);
        }
        if (!before.has(path)) before.set(path, text);
        await Deno.writeTextFile(path, text.replace(from, () => to));
      }
      const { success, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        {
          args: [
            "run",
            "-A",
            "--no-check",
            ...(machine.v8Flags ?? []).map((flag) => `--v8-flags=${flag}`),
            "tests/seeded_bugs/find.ts",
            `${firstSeed}`,
            `${count}`,
          ],
          cwd: this.folder,
          env: { NO_COLOR: "1", ...machine.env },
        },
      ).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      return JSON.parse(new TextDecoder().decode(stdout));
    } finally {
      for (const [path, text] of before) await Deno.writeTextFile(path, text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
