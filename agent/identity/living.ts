/** Whether processes that were read before still live, at the price of one read each. @module */

/** More than any node has processes on its GPUs; others are read anew each time. */
const MAX_OPEN = 1_024;

/**
 * Keeps `oom_score_adj` of each process open, at its end. An open file below `/proc` cannot become another process's:
 * once its process has ended and been waited for, reading it fails for ever, whoever gets the PID next. Of this file the
 * kernel looks for the process at each read, at the end too, so that no read needs a seek before it.
 */
export class Living {
  readonly #files = new Map<number, Deno.FsFile>();
  /** The longest content is "-1000" and a line's end. */
  readonly #content = new Uint8Array(16);
  /** The files are ordinary ones, as a test makes them: they can be replaced under us. */
  #ordinary = false;

  /** How many files are open. */
  get size(): number {
    return this.#files.size;
  }

  /** @returns whether the process that was kept is proven to live; false says nothing */
  has(pid: number): boolean {
    const file = this.#files.get(pid);
    if (file === undefined) return false;
    try {
      file.readSync(this.#content);
      return true;
    } catch {
      // ESRCH: the process has ended.
      this.drop(pid);
      return false;
    }
  }

  /** Keeps a process in sight, if `path` is the kernel's `oom_score_adj` of it. */
  keep(pid: number, path: string): void {
    if (this.#ordinary || this.#files.has(pid)) return;
    if (this.#files.size >= MAX_OPEN) return;
    let file: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(path);
      // The kernel makes the content when it is read, and says 0 bytes before.
      if (file.statSync().size === 0 && file.readSync(this.#content) !== null) {
        this.#files.set(pid, file);
        return;
      }
      this.#ordinary = true;
    } catch {
      // Gone, or no descriptors left: it is read by its path, which says so.
    }
    file?.close();
  }

  drop(pid: number): void {
    this.#files.get(pid)?.close();
    this.#files.delete(pid);
  }
}
