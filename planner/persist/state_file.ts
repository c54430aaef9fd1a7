/** The planner's state on disk: written whole or not at all, read whole or set aside. @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { SavedState, StateStore } from "../loop/mod.ts";
import { MOST_BYTES, open, seal } from "./envelope.ts";
import { parseSavedState, savedBody } from "./saved_state.ts";

/** What loading gives. */
export type Loaded =
  | { readonly kind: "state"; readonly saved: SavedState }
  /** There is no file yet. */
  | { readonly kind: "none" }
  /** The file was moved aside, never erased; the planner starts cold. */
  | {
    readonly kind: "quarantined";
    readonly problem: string;
    readonly movedTo: string;
  };

/** Access to one state file. */
export class StateFile implements StateStore {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Reads the file. One that is cut, changed, of another version or too large is moved aside under a name that is free.
   *
   * @throws {WattkeeperError} `file_unreadable` when it cannot be read or moved: nothing is known about it then, and
   * starting would overwrite it
   */
  async load(): Promise<Loaded> {
    let text: string;
    try {
      const { size, isFile } = await Deno.stat(this.path);
      if (!isFile) throw new TypeError("It is not a file.");
      if (size > MOST_BYTES) {
        return await this.#quarantine(`it has ${size} bytes`);
      }
      // Bytes that are not UTF-8 become other text, and the checksum tells.
      text = new TextDecoder().decode(await Deno.readFile(this.path));
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return { kind: "none" };
      throw this.#failed("read", cause);
    }
    const opened = await open(text);
    if (opened.kind === "bad") return await this.#quarantine(opened.problem);
    const saved = parseSavedState(opened.body);
    if (saved.kind === "bad") return await this.#quarantine(saved.problem);
    return { kind: "state", saved: saved.saved };
  }

  /** @throws {WattkeeperError} `write_failed`; the file is then as it was */
  async save(saved: SavedState): Promise<void> {
    const temporary = `${this.path}.${crypto.randomUUID()}.tmp`;
    try {
      const bytes = new TextEncoder().encode(await seal(savedBody(saved)));
      {
        using file = await Deno.open(temporary, {
          write: true,
          createNew: true,
          mode: 0o600,
        });
        for (let done = 0; done < bytes.length;) {
          done += await file.write(bytes.subarray(done));
        }
        await file.sync();
      }
      await Deno.rename(temporary, this.path);
      await syncFolder(this.path);
    } catch (cause) {
      await Deno.remove(temporary).catch(() => undefined);
      throw new WattkeeperError(
        "write_failed",
        `The planner's state could not be written to "${this.path}": ${
          cause instanceof Error ? cause.message : cause
        }.`,
        {
          where: "--state",
          remedy: "Name a file in a folder that exists, on a disk with room.",
          cause,
        },
      );
    }
  }

  async #quarantine(problem: string): Promise<Loaded> {
    const movedTo = `${this.path}.bad-${crypto.randomUUID().slice(0, 8)}`;
    try {
      await Deno.rename(this.path, movedTo);
    } catch (cause) {
      throw this.#failed("moved aside", cause);
    }
    return { kind: "quarantined", problem, movedTo };
  }

  #failed(what: string, cause: unknown): WattkeeperError {
    return new WattkeeperError(
      "file_unreadable",
      `The state file "${this.path}" could not be ${what}: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      {
        where: "--state",
        remedy: "Name a file that this user may read and write.",
        cause,
      },
    );
  }
}

/** Makes the rename durable. */
async function syncFolder(path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  const folder = slash === -1 ? "." : path.slice(0, slash) || "/";
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}
