/** Engines that serve every request by itself: lines, passes, hand-over, batches, caches, draws, event by event. @module */

import type {
  Arrivals,
  Engines,
  EngineTruth,
  FluidStep,
  Replica,
} from "../world/mod.ts";
import { DecodeSeats } from "./decode_seats.ts";
import { EventHeap } from "./event_heap.ts";
import { PrefillLine } from "./prefill_line.ts";
import type { RequestStream } from "./request_stream.ts";
import { RequestStore } from "./request_store.ts";
import type { LatencyTargets, RequestTotals } from "./request_totals.ts";
import { type StepBias, StepPrices } from "./step_prices.ts";
import { Tally } from "./tally.ts";
import { toldStep } from "./told.ts";
import { Worker } from "./worker.ts";

/** What request-level engines are made of. */
export interface RequestEngineOptions {
  readonly truth: EngineTruth;
  readonly stream: RequestStream;
  /** What counts as in time. */
  readonly targets: LatencyTargets;
  /** Tokens of one prefill pass: longer prompts go in chunks, shorter ones together. */
  readonly maxBatchedTokens?: number;
  /** Prompts of one pass. */
  readonly mostPromptsPerPass?: number;
  /** Requests of one decode batch. */
  readonly mostRequestsPerBatch?: number;
  /** What moves the truth at the moment; absent: nothing. */
  readonly bias?: StepBias;
  /** Who has waited so long for a prefill has gone away. */
  readonly patienceMs?: number;
  /** Block numbers of the stream are below this; 0: nothing is found in a cache. */
  readonly blockCount?: number;
  /** Blocks that the prefix store of the fleet holds. */
  readonly prefixBlocks?: number;
}

/** Lowest bit of an event's code: a worker's step ends, or a request's cache has arrived at decode. */
const STEP = 0;
const HAND_OVER = 1;
const USUAL_BATCHED_TOKENS = 8_192;
const USUAL_BATCH = 512;
const USUAL_PATIENCE_MS = 60_000;
/** More than this wait for a prefill: the next is turned away. */
const MOST_WAITING = 100_000;

/** Requests one by one, between engines that the world tells of. */
export class RequestEngines implements Engines {
  /** Arrivals, ends of steps and hand-overs so far. */
  events = 0;
  readonly #truth: EngineTruth;
  readonly #stream: RequestStream;
  readonly #targets: LatencyTargets;
  readonly #requests = new RequestStore();
  readonly #heap = new EventHeap();
  readonly #tally: Tally;
  readonly #prices: StepPrices;
  readonly #seats: DecodeSeats;
  readonly #line: PrefillLine;
  /** By slot; a slot is free once its worker's last event is out of the heap. */
  readonly #workers: (Worker | undefined)[] = [];
  readonly #byName = new Map<string, Worker>();
  #nowMs = 0;
  #turn = 0;

  constructor(options: RequestEngineOptions) {
    const { truth, stream, targets } = options;
    const maxBatchedTokens = options.maxBatchedTokens ?? USUAL_BATCHED_TOKENS;
    const mostBatch = options.mostRequestsPerBatch ?? USUAL_BATCH;
    this.#truth = truth;
    this.#stream = stream;
    this.#targets = targets;
    this.#tally = new Tally(targets);
    this.#prices = new StepPrices(truth, {
      maxBatchedTokens,
      mostBatch,
      bias: options.bias,
    });
    this.#seats = new DecodeSeats(this.#requests, {
      mostBatch,
      capacityTokens: truth.kvCapacityTokens,
    });
    this.#line = new PrefillLine({
      requests: this.#requests,
      stream,
      seats: this.#seats,
      tally: this.#tally,
      rules: {
        maxBatchedTokens,
        mostPrompts: options.mostPromptsPerPass ?? Infinity,
        patienceMs: options.patienceMs ?? USUAL_PATIENCE_MS,
        blockCount: options.blockCount ?? 0,
        prefixBlocks: options.prefixBlocks ?? 0,
      },
    });
  }

  /** Counts and latencies of requests since the beginning, or since somebody cleared them. */
  get totals(): RequestTotals {
    return this.#tally.totals;
  }

  /** The same for whoever looks more often. */
  get recent(): RequestTotals {
    return this.#tally.recent;
  }

  /** Requests that wait for a prefill. */
  get queued(): number {
    return this.#line.waiting.size;
  }

  get decoding(): number {
    let sum = this.#seats.waiting.size;
    for (const worker of this.#workers) sum += worker?.load ?? 0;
    return sum;
  }

  get dropped(): number {
    return this.totals.abandoned + this.totals.refused;
  }

  /** Requests between arrival and last token. */
  get inside(): number {
    return this.#requests.size;
  }

  /** Requests that still have no first token after the time that the target gives them. */
  overdue(): number {
    const { room, present, firstMs, arrivalMs } = this.#requests;
    let count = 0;
    for (let id = 0; id < room; id++) {
      if (!present[id] || !Number.isNaN(firstMs[id]!)) continue;
      if (this.#nowMs - arrivalMs[id]! > this.#targets.ttftMs) count++;
    }
    return count;
  }

  /** Moves on by `seconds`; `arrivals` is the rate of streams that make requests up. */
  step(
    seconds: number,
    arrivals: Arrivals,
    replicas: readonly Replica[],
  ): FluidStep {
    const untilMs = this.#nowMs + seconds * 1000;
    this.#tally.clearStep();
    this.#meet(replicas);
    this.#stream.open(this.#nowMs, untilMs, arrivals);
    this.#run(untilMs);
    this.#nowMs = untilMs;
    for (const worker of this.#byName.values()) worker.accrue(untilMs);
    return toldStep({
      seconds,
      replicas,
      workers: this.#byName,
      tally: this.#tally,
      queued: this.queued,
      handedOver: this.#seats.waiting.size,
      islTokens: arrivals.islTokens,
      oslTokens: arrivals.oslTokens,
    });
  }

  #run(untilMs: number): void {
    const heap = this.#heap;
    const stream = this.#stream;
    for (;;) {
      const arrivalMs = stream.nextMs;
      const eventMs = heap.firstMs;
      if (arrivalMs <= eventMs) {
        if (arrivalMs >= untilMs) return;
        this.#nowMs = arrivalMs;
        this.#arrive();
        stream.advance();
      } else {
        if (eventMs >= untilMs) return;
        this.#nowMs = eventMs;
        const code = heap.pop();
        if ((code & 1) === HAND_OVER) this.#handOver(code >> 1);
        else this.#endStep(this.#workers[code >> 1]!);
      }
      this.events++;
    }
  }

  #arrive(): void {
    const { islTokens, oslTokens } = this.#stream;
    const { kvCapacityTokens } = this.#truth;
    this.#tally.arrive(islTokens, oslTokens);
    if (
      islTokens + oslTokens > kvCapacityTokens || this.queued >= MOST_WAITING
    ) {
      this.#tally.refuse();
      return;
    }
    const id = this.#requests.add(this.#nowMs, islTokens, oslTokens);
    this.#requests.blocksFrom[id] = this.#stream.blocksFrom;
    this.#requests.blocksUntil[id] = this.#stream.blocksUntil;
    this.#line.waiting.push(id);
    this.#wakePrefill();
  }

  /** The next idle worker in turn takes what stands in line. */
  #wakePrefill(): void {
    const count = this.#workers.length;
    for (let tried = 0; tried < count; tried++) {
      this.#turn = this.#turn + 1 < count ? this.#turn + 1 : 0;
      const worker = this.#workers[this.#turn];
      if (!worker?.serving || worker.busy || !worker.prefills) continue;
      this.#startStep(worker);
      return;
    }
  }

  #handOver(id: number): void {
    const worker = this.#seats.place(this.#workers, id);
    if (worker && !worker.busy) this.#startStep(worker);
  }

  /** Begins the next step of a worker: a prefill pass, a decode step, or in an aggregated engine both. */
  #startStep(worker: Worker): void {
    if (worker.decodes) {
      for (let id = worker.inbox.shift(); id >= 0; id = worker.inbox.shift()) {
        this.#begin(id);
        this.#seats.join(worker, id);
      }
    }
    worker.stepBatch = worker.batch.size;
    const pairs = worker.prefills ? this.#line.compose(worker, this.#nowMs) : 0;
    if (!this.#prices.begin(worker, pairs, this.#nowMs)) return;
    this.#heap.push(this.#nowMs + worker.stepMs, worker.slot << 1 | STEP);
  }

  /** The worker stays busy until its next step is known, so that nobody else begins one for it. */
  #endStep(worker: Worker): void {
    worker.accrue(this.#nowMs);
    if (!worker.seen) {
      this.#workers[worker.slot] = undefined;
      return;
    }
    if (worker.passTokens > 0) this.#endPass(worker);
    if (worker.stepBatch > 0) this.#endDecode(worker);
    this.#seats.admitWaiting(worker);
    this.#startStep(worker);
  }

  #endPass(worker: Worker): void {
    const { generated, oslTokens } = this.#requests;
    this.#tally.prefilledTokens += worker.passTokens;
    worker.passTokens = 0;
    for (let index = 0; index < worker.passSize; index++) {
      const id = worker.pass[index]!;
      this.#line.keep(id);
      if (generated[id] === 0) generated[id] = 1;
      if (oslTokens[id]! <= 1) {
        this.#begin(id);
        if (worker.decodes) this.#seats.free(worker, id, false);
        this.#complete(id);
      } else if (worker.decodes) worker.inbox.push(id);
      else {
        const prompt = this.#requests.promptTokens(id);
        const delayMs = this.#truth.handOverMs?.(prompt) ?? 0;
        this.#heap.push(this.#nowMs + delayMs, id << 1 | HAND_OVER);
      }
    }
    worker.passSize = 0;
  }

  #endDecode(worker: Worker): void {
    this.#seats.grow(worker);
    this.#tally.decode(worker.stepBatch, worker.stepMs);
    worker.stepBatch = 0;
    while (worker.batch.firstStep <= worker.steps) {
      const id = worker.batch.pop();
      this.#seats.free(worker, id, true);
      this.#complete(id);
    }
    while (this.#seats.overflows(worker)) {
      this.#line.again(this.#seats.evictYoungest(worker));
      this.#tally.preempt();
      this.#wakePrefill();
    }
  }

  /** Its first token, unless it has had that before. */
  #begin(id: number): void {
    const { firstMs, arrivalMs } = this.#requests;
    if (!Number.isNaN(firstMs[id]!)) return;
    firstMs[id] = this.#nowMs;
    this.#tally.begin(this.#nowMs - arrivalMs[id]!);
  }

  #complete(id: number): void {
    const { firstMs, arrivalMs, oslTokens } = this.#requests;
    const osl = oslTokens[id]!;
    const itlMs = osl > 1 ? (this.#nowMs - firstMs[id]!) / (osl - 1) : 0;
    this.#tally.complete(firstMs[id]! - arrivalMs[id]!, itlMs, osl);
    this.#requests.remove(id);
  }

  // ── Replicas that come and go ─────────────────────────────────────────────────────────────────────────────────

  /** Takes over what the world says of its replicas. */
  #meet(replicas: readonly Replica[]): void {
    for (const worker of this.#byName.values()) worker.seen = false;
    for (const replica of replicas) {
      const { name, limitWatts, serving } = replica;
      const worker = this.#byName.get(name) ??
        (serving ? this.#hire(replica) : undefined);
      if (!worker) continue;
      worker.seen = true;
      worker.serving = serving;
      if (worker.limitWatts !== limitWatts) {
        this.#prices.limit(worker, limitWatts, this.#nowMs);
      }
    }
    for (const worker of this.#byName.values()) {
      if (!worker.seen) this.#dismiss(worker);
    }
    for (const worker of this.#byName.values()) {
      if (worker.busy || !worker.serving) continue;
      this.#seats.admitWaiting(worker);
      this.#startStep(worker);
    }
  }

  #hire({ name, side, limitWatts }: Replica): Worker {
    const free = this.#workers.indexOf(undefined);
    const slot = free < 0 ? this.#workers.length : free;
    const worker = new Worker({
      name,
      side,
      slot,
      limitWatts,
      slowdowns: this.#prices.slowdowns(limitWatts, side),
      idleWatts: this.#truth.idleWatts,
      nowMs: this.#nowMs,
    });
    this.#workers[slot] = worker;
    this.#byName.set(name, worker);
    return worker;
  }

  /** An engine is gone: its requests stand in line again, in front. */
  #dismiss(worker: Worker): void {
    this.#byName.delete(worker.name);
    worker.serving = false;
    for (let id = worker.inbox.shift(); id >= 0; id = worker.inbox.shift()) {
      this.#line.again(id);
    }
    for (
      let id = this.#seats.evictNext(worker);
      id >= 0;
      id = this.#seats.evictNext(worker)
    ) this.#line.again(id);
    if (worker.partial >= 0) this.#line.again(worker.partial);
    for (let index = worker.passSize - 1; index >= 0; index--) {
      this.#line.again(worker.pass[index]!);
    }
    worker.partial = -1;
    worker.passSize = worker.passTokens = worker.stepBatch = 0;
    if (!worker.busy) this.#workers[worker.slot] = undefined;
  }
}
