/** Every request that is in the fleet, as columns of typed arrays. @module */

const FIRST_ROOM = 1_024;

/** Requests by number; a number is used again when its request has left. */
export class RequestStore {
  arrivalMs = new Float64Array(FIRST_ROOM);
  /** When its first token came; NaN before. */
  firstMs = new Float64Array(FIRST_ROOM);
  islTokens = new Int32Array(FIRST_ROOM);
  oslTokens = new Int32Array(FIRST_ROOM);
  /** Of its output; more than 0 before its prompt is done: it was preempted. */
  generated = new Int32Array(FIRST_ROOM);
  /** Of its prompt and of what was generated before a preemption: cached or computed. */
  prefilled = new Int32Array(FIRST_ROOM);
  /** Its prompt's blocks in the stream's column. */
  blocksFrom = new Int32Array(FIRST_ROOM);
  blocksUntil = new Int32Array(FIRST_ROOM);
  /** Order in which it joined a batch; the youngest is preempted first. */
  joined = new Float64Array(FIRST_ROOM);
  /** 1 where a request is. */
  present = new Uint8Array(FIRST_ROOM);
  /** Free numbers: each names the next. */
  #nextFree = new Int32Array(FIRST_ROOM);
  #firstFree = -1;
  #used = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Numbers are below this. */
  get room(): number {
    return this.#used;
  }

  /** Takes a request in. @returns its number */
  add(arrivalMs: number, islTokens: number, oslTokens: number): number {
    let id = this.#firstFree;
    if (id >= 0) this.#firstFree = this.#nextFree[id]!;
    else {
      id = this.#used++;
      if (id === this.arrivalMs.length) this.#grow();
    }
    this.#size++;
    this.arrivalMs[id] = arrivalMs;
    this.firstMs[id] = NaN;
    this.islTokens[id] = islTokens;
    this.oslTokens[id] = oslTokens;
    this.generated[id] = 0;
    this.prefilled[id] = 0;
    this.blocksFrom[id] = this.blocksUntil[id] = 0;
    this.joined[id] = 0;
    this.present[id] = 1;
    return id;
  }

  /** It has left. */
  remove(id: number): void {
    this.present[id] = 0;
    this.#nextFree[id] = this.#firstFree;
    this.#firstFree = id;
    this.#size--;
  }

  /** Tokens that a prefill has to bring into the cache. */
  promptTokens(id: number): number {
    return this.islTokens[id]! + this.generated[id]!;
  }

  #grow(): void {
    const room = this.arrivalMs.length * 2;
    const float = (from: Float64Array) => {
      const to = new Float64Array(room);
      to.set(from);
      return to;
    };
    const int = (from: Int32Array) => {
      const to = new Int32Array(room);
      to.set(from);
      return to;
    };
    this.arrivalMs = float(this.arrivalMs);
    this.firstMs = float(this.firstMs);
    this.joined = float(this.joined);
    this.islTokens = int(this.islTokens);
    this.oslTokens = int(this.oslTokens);
    this.generated = int(this.generated);
    this.prefilled = int(this.prefilled);
    this.blocksFrom = int(this.blocksFrom);
    this.blocksUntil = int(this.blocksUntil);
    this.#nextFree = int(this.#nextFree);
    const present = new Uint8Array(room);
    present.set(this.present);
    this.present = present;
  }
}
