/** `stat` files of processes that are read again and again, kept open. @module */

/** More than any node has processes on its GPUs; beyond it files are read by their paths. */
const MAX_OPEN = 1_024;
/** A stat line is some 300 bytes: 52 numbers and a name of 15. */
const LINE_BYTES = 2_048;

/**
 * Keeps files below `/proc` open. Opening one costs three times what reading it does, and an open one cannot become
 * another process's: once its process has ended, reading it fails for ever, whoever gets the PID next.
 */
export class OpenStats {
  readonly #files = new Map<number, Deno.FsFile>();
  readonly #line = new Uint8Array(LINE_BYTES);
  readonly #decoder = new TextDecoder();
  /** The files are ordinary ones, as a test makes them: they can be replaced under us. */
  #ordinary = false;

  /** How many are open. */
  get size(): number {
    return this.#files.size;
  }

  /** @returns the content; undefined when the file is not open, or its process is no more: read it by its path */
  read(pid: number): string | undefined {
    const file = this.#files.get(pid);
    if (file === undefined) return undefined;
    try {
      file.seekSync(0, Deno.SeekMode.Start);
      const length = file.readSync(this.#line) ?? 0;
      if (length > 0 && length < LINE_BYTES) {
        return this.#decoder.decode(this.#line.subarray(0, length));
      }
    } catch {
      // ESRCH: the process has ended.
    }
    this.close(pid);
    return undefined;
  }

  /** Keeps the process's file open from now on, if it is the kernel's. */
  keep(pid: number, path: string): void {
    if (this.#ordinary || this.#files.has(pid)) return;
    if (this.#files.size >= MAX_OPEN) return;
    let file: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(path);
      // The kernel makes the content when it is read, and says 0 bytes before.
      if (file.statSync().size === 0) {
        this.#files.set(pid, file);
        return;
      }
      this.#ordinary = true;
    } catch {
      // Gone, or no more descriptors: the path says which, when it is read.
    }
    file?.close();
  }

  close(pid: number): void {
    this.#files.get(pid)?.close();
    this.#files.delete(pid);
  }
}
