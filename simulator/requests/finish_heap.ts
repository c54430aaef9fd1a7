/** Requests of a batch by the step at which they are done: one look a step, however large the batch is. @module */

const FIRST_ROOM = 64;

/** A binary heap of requests over typed arrays. */
export class FinishHeap {
  #steps = new Int32Array(FIRST_ROOM);
  #ids = new Int32Array(FIRST_ROOM);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Step at which the first is done. */
  get firstStep(): number {
    return this.#size > 0 ? this.#steps[0]! : Infinity;
  }

  idAt(index: number): number {
    return this.#ids[index]!;
  }

  stepAt(index: number): number {
    return this.#steps[index]!;
  }

  push(step: number, id: number): void {
    if (this.#size === this.#steps.length) {
      const steps = new Int32Array(this.#size * 2);
      const ids = new Int32Array(this.#size * 2);
      steps.set(this.#steps);
      ids.set(this.#ids);
      this.#steps = steps;
      this.#ids = ids;
    }
    this.#rise(this.#size++, step, id);
  }

  /** Takes the first out. */
  pop(): number {
    const id = this.#ids[0]!;
    this.removeAt(0);
    return id;
  }

  removeAt(index: number): void {
    const last = --this.#size;
    if (index === last) return;
    const step = this.#steps[last]!;
    const id = this.#ids[last]!;
    const up = (index - 1) >> 1;
    if (index > 0 && this.#steps[up]! > step) this.#rise(index, step, id);
    else this.#sink(index, step, id);
  }

  #rise(from: number, step: number, id: number): void {
    const steps = this.#steps;
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (steps[up]! <= step) break;
      steps[at] = steps[up]!;
      this.#ids[at] = this.#ids[up]!;
      at = up;
    }
    steps[at] = step;
    this.#ids[at] = id;
  }

  #sink(from: number, step: number, id: number): void {
    const steps = this.#steps;
    let at = from;
    for (let down = 2 * at + 1; down < this.#size; down = 2 * at + 1) {
      if (down + 1 < this.#size && steps[down + 1]! < steps[down]!) down++;
      if (steps[down]! >= step) break;
      steps[at] = steps[down]!;
      this.#ids[at] = this.#ids[down]!;
      at = down;
    }
    steps[at] = step;
    this.#ids[at] = id;
  }
}
