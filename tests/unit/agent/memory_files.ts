/** A state directory in memory, with crashes between any two steps. @module */

import type { StateFiles } from "../../../agent/state_files.ts";

/** Files in memory; a crash leaves what the finished steps made, and a torn file for one cut short. */
export class MemoryFiles implements StateFiles {
  readonly files = new Map<string, string>();
  /** Steps until the crash; each operation counts one. */
  stepsLeft = Infinity;
  broken = false;

  #step(): void {
    if (this.broken) throw new Error("No space left on device");
    if (this.stepsLeft-- <= 0) throw new Crash();
  }
  read(name: string) {
    return Promise.resolve(this.files.get(name));
  }
  writeDurably(name: string, text: string) {
    return this.#try(() => {
      try {
        this.#step();
      } catch (error) {
        if (error instanceof Crash) {
          this.files.set(name, text.slice(0, text.length / 2));
        }
        throw error;
      }
      this.files.set(name, text);
    });
  }
  rename(from: string, to: string) {
    return this.#try(() => {
      this.#step();
      const text = this.files.get(from);
      if (text === undefined) throw new Deno.errors.NotFound(from);
      this.files.set(to, text);
      this.files.delete(from);
    });
  }
  syncDirectory() {
    return this.#try(() => this.#step());
  }
  list() {
    return Promise.resolve([...this.files.keys()]);
  }
  remove(name: string) {
    return Promise.resolve(void this.files.delete(name));
  }
  #try(work: () => void): Promise<void> {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

class Crash extends Error {}
