/** Places in decode batches: who gets one, who waits for one, who has to give it up. @module */

import type { RequestStore } from "./request_store.ts";
import { Ring } from "./ring.ts";
import type { Worker } from "./worker.ts";

/** Share of a cache that admission may fill; the rest is for requests that grow. */
const ADMITTED_SHARE = 0.99;

/** Admission by cache and batch size, first come first served. */
export class DecodeSeats {
  /** Prefilled, without a place. */
  readonly waiting = new Ring();
  readonly #requests: RequestStore;
  readonly #mostBatch: number;
  readonly #capacityTokens: number;
  #joins = 0;

  constructor(
    requests: RequestStore,
    { mostBatch, capacityTokens }: {
      readonly mostBatch: number;
      readonly capacityTokens: number;
    },
  ) {
    this.#requests = requests;
    this.#mostBatch = mostBatch;
    this.#capacityTokens = capacityTokens;
  }

  /** Tokens of a request's cache once it decodes: its prompt and what it has of its answer. */
  cacheTokens(id: number): number {
    const { islTokens, generated } = this.#requests;
    return islTokens[id]! + Math.max(1, generated[id]!);
  }

  /** An empty engine takes whatever fits its cache at all. */
  fits(worker: Worker, id: number): boolean {
    if (worker.load >= this.#mostBatch) return false;
    return worker.kvTokens === 0 ||
      worker.kvTokens + this.cacheTokens(id) <=
        this.#capacityTokens * ADMITTED_SHARE;
  }

  /** The decode worker with the fewest requests among those in which it fits; those that wait already come first. */
  place(workers: readonly (Worker | undefined)[], id: number) {
    let best: Worker | undefined;
    if (this.waiting.size === 0) {
      for (const worker of workers) {
        if (!worker?.serving || worker.side !== "decode") continue;
        if (best && worker.load >= best.load) continue;
        if (this.fits(worker, id)) best = worker;
      }
    }
    if (best) this.#admit(best, id);
    else this.waiting.push(id);
    return best;
  }

  /** Gives those who wait the places that a worker has. */
  admitWaiting(worker: Worker): void {
    if (!worker.serving || worker.side !== "decode") return;
    for (
      let id = this.waiting.first;
      id >= 0 && this.fits(worker, id);
      id = this.waiting.first
    ) {
      this.waiting.shift();
      this.#admit(worker, id);
    }
  }

  #admit(worker: Worker, id: number): void {
    worker.kvTokens += this.cacheTokens(id);
    worker.inbox.push(id);
  }

  /** A request takes part from the next step on. */
  join(worker: Worker, id: number): void {
    const { joined, oslTokens, generated } = this.#requests;
    joined[id] = this.#joins++;
    worker.batchKvTokens += this.cacheTokens(id);
    worker.batch.push(worker.steps + oslTokens[id]! - generated[id]!, id);
  }

  /** A step has ended: every cache has grown by a token. */
  grow(worker: Worker): void {
    worker.steps++;
    worker.kvTokens += worker.stepBatch;
    worker.batchKvTokens += worker.stepBatch;
  }

  /** The caches have outgrown the memory. */
  overflows(worker: Worker): boolean {
    return worker.kvTokens > this.#capacityTokens && worker.batch.size > 1;
  }

  /** Takes the youngest out of the batch; what it has generated is noted. */
  evictYoungest(worker: Worker): number {
    const { batch } = worker;
    const { joined } = this.#requests;
    let youngest = 0;
    for (let index = 1; index < batch.size; index++) {
      if (joined[batch.idAt(index)]! > joined[batch.idAt(youngest)]!) {
        youngest = index;
      }
    }
    const id = batch.idAt(youngest);
    this.#note(worker, id, batch.stepAt(youngest));
    batch.removeAt(youngest);
    worker.kvTokens -= this.cacheTokens(id);
    worker.batchKvTokens -= this.cacheTokens(id);
    return id;
  }

  /** Empties a batch whose engine is gone, request by request; −1 when it is empty. */
  evictNext(worker: Worker): number {
    if (worker.batch.size === 0) return -1;
    const step = worker.batch.firstStep;
    const id = worker.batch.pop();
    this.#note(worker, id, step);
    return id;
  }

  #note(worker: Worker, id: number, finishStep: number): void {
    const { oslTokens, generated } = this.#requests;
    generated[id] = oslTokens[id]! - (finishStep - worker.steps);
  }

  /** A request is done, and its cache free. */
  free(worker: Worker, id: number, wasInBatch: boolean): void {
    const { islTokens, oslTokens } = this.#requests;
    const tokens = islTokens[id]! + Math.max(1, oslTokens[id]!);
    worker.kvTokens -= tokens;
    if (wasInBatch) worker.batchKvTokens -= tokens;
  }
}
