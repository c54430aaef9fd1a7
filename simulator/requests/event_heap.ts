/** What is to happen, in the order of time: a binary heap over typed arrays, nothing allocated per event. @module */

const FIRST_ROOM = 256;

/** Events with a time and a number that says what they are; equal times come out in the order in which they went in. */
export class EventHeap {
  #times = new Float64Array(FIRST_ROOM);
  #orders = new Float64Array(FIRST_ROOM);
  #codes = new Int32Array(FIRST_ROOM);
  #size = 0;
  #order = 0;

  get size(): number {
    return this.#size;
  }

  /** Time of the first event; Infinity when there is none. */
  get firstMs(): number {
    return this.#size > 0 ? this.#times[0]! : Infinity;
  }

  /** Puts an event in. */
  push(atMs: number, code: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const codes = this.#codes;
    let at = this.#size++;
    // A new event has the highest order, so only an earlier time moves it up.
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (times[up]! <= atMs) break;
      times[at] = times[up]!;
      orders[at] = orders[up]!;
      codes[at] = codes[up]!;
      at = up;
    }
    times[at] = atMs;
    orders[at] = this.#order++;
    codes[at] = code;
  }

  /** Takes the first event out. @returns its code; −1 when there is none */
  pop(): number {
    if (this.#size === 0) return -1;
    const times = this.#times;
    const orders = this.#orders;
    const codes = this.#codes;
    const code = codes[0]!;
    const last = --this.#size;
    const time = times[last]!;
    const order = orders[last]!;
    let at = 0;
    for (let down = 1; down < last; down = 2 * at + 1) {
      const other = down + 1;
      if (
        other < last && (times[other]! < times[down]! ||
          times[other]! === times[down]! && orders[other]! < orders[down]!)
      ) down = other;
      if (
        times[down]! > time || times[down]! === time && orders[down]! > order
      ) break;
      times[at] = times[down]!;
      orders[at] = orders[down]!;
      codes[at] = codes[down]!;
      at = down;
    }
    times[at] = time;
    orders[at] = order;
    codes[at] = codes[last]!;
    return code;
  }

  #grow(): void {
    const room = this.#times.length * 2;
    this.#times = grown(this.#times, new Float64Array(room));
    this.#orders = grown(this.#orders, new Float64Array(room));
    this.#codes = grown(this.#codes, new Int32Array(room));
  }
}

function grown<Column extends Float64Array | Int32Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from);
  return to;
}
