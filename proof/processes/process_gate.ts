/** What stands between a planner process and its world: a frozen process hears answers later, a dead one never. @module */

/** Holds answers back while a process is frozen, and for ever once it is dead. */
export class ProcessGate {
  #dead = false;
  #thaw: (() => void) | undefined;
  #frozen: Promise<void> | undefined;

  get isDead(): boolean {
    return this.#dead;
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  die(): void {
    this.#dead = true;
  }

  freeze(): void {
    this.#frozen ??= new Promise((resolve) => this.#thaw = resolve);
  }

  thaw(): void {
    this.#frozen = undefined;
    this.#thaw?.();
  }

  /** An answer, once the process can hear it. */
  async through<Value>(answer: Promise<Value>): Promise<Value> {
    const value = await answer;
    while (this.#frozen) await this.#frozen;
    return this.#dead ? await never() : value;
  }
}

/** A promise for one who waits alone: one for all would keep every dead process alive. */
function never(): Promise<never> {
  return new Promise(() => {});
}
