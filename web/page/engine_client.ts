/** The page's side of the worker: asks, forgets what is superseded, and starts another worker when one dies. @module */

import { workerUrl } from "./blob_worker.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { PlanQuestion } from "../plan/question.ts";
import type {
  AnswerPart,
  FromWorker,
  StoredPack,
  ToldError,
  ToWorker,
  TraceShape,
} from "../worker/protocol.ts";

/** What the client tells the page. */
export interface EngineListener {
  readonly answer: (id: number, part: AnswerPart) => void;
  readonly failed: (id: number, error: ToldError) => void;
  /** The worker died; `again` says whether another one was started. */
  readonly died: (again: boolean) => void;
}

/** Pings without a word after which a worker is dead: more seconds than any one search takes. */
const MOST_UNANSWERED = 10;
/** Deaths within {@linkcode DEATHS_MS} after which no other worker is started by itself. */
const MOST_DEATHS = 3;
const DEATHS_MS = 60_000;

type Settle = {
  readonly done: (value: never) => void;
  readonly failed: (error: ToldError) => void;
};

/** One worker at a time. */
export class EngineClient {
  /** Told what happens; set before the first question. */
  listener: EngineListener | undefined;
  readonly #url: string;
  #worker: Worker | undefined;
  #ids = 0;
  #asked: { readonly id: number; readonly question: PlanQuestion } | undefined;
  readonly #heartbeat = new Heartbeat({
    ping: () => this.#send({ kind: "ping", id: ++this.#ids }),
    dead: () => this.#died(),
    most: MOST_UNANSWERED,
  });
  #deaths: number[] = [];
  readonly #files = new Map<number, Settle>();

  constructor() {
    this.#url = workerUrl("worker.js");
    this.#start();
  }

  /** Asks; every earlier question is superseded. @returns the question's number */
  ask(question: PlanQuestion): number {
    const id = ++this.#ids;
    this.#asked = { id, question };
    this.#send({ kind: "ask", id, question });
    return id;
  }

  /** No question is open any more. */
  forget(): void {
    this.#asked = undefined;
  }

  packsChanged(): void {
    this.#send({ kind: "packs_changed" });
  }

  /** Checks a pack and keeps it. Rejects with a {@linkcode ToldError}. */
  keepPack(file: File): Promise<StoredPack> {
    return this.#file<StoredPack>((id) => ({ kind: "check_pack", id, file }));
  }

  /** Reads a trace. Rejects with a {@linkcode ToldError}. */
  readTrace(file: File): Promise<TraceShape> {
    return this.#file<TraceShape>((id) => ({ kind: "read_trace", id, file }));
  }

  /** Starts anew after too many deaths. */
  restart(): void {
    this.#deaths = [];
    this.#start();
  }

  #file<Answer>(message: (id: number) => ToWorker): Promise<Answer> {
    return new Promise((done, failed) => {
      const id = ++this.#ids;
      this.#files.set(id, { done, failed });
      this.#send(message(id));
    });
  }

  #send(message: ToWorker): void {
    if (this.#worker) this.#worker.postMessage(message);
    else if (message.kind === "check_pack" || message.kind === "read_trace") {
      this.#settle(message.id)?.failed(STOPPED);
    }
  }

  #settle(id: number): Settle | undefined {
    const found = this.#files.get(id);
    this.#files.delete(id);
    return found;
  }

  #start(): void {
    this.#worker?.terminate();
    const worker = new Worker(this.#url, { name: "search" });
    this.#worker = worker;
    this.#heartbeat.start();
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      if (worker === this.#worker) this.#hear(data);
    });
    const dead = (event: Event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#died();
    };
    worker.addEventListener("error", dead);
    worker.addEventListener("messageerror", dead);
    if (this.#asked) this.#send({ kind: "ask", ...this.#asked });
  }

  #hear(message: FromWorker): void {
    this.#heartbeat.heard();
    switch (message.kind) {
      case "ready":
      case "pong":
        return;
      case "answer":
        if (message.id !== this.#asked?.id) return;
        return this.listener?.answer(message.id, message.part);
      case "failed": {
        const file = this.#settle(message.id);
        if (file) return file.failed(message.error);
        if (message.id !== 0 && message.id !== this.#asked?.id) return;
        return this.listener?.failed(message.id, message.error);
      }
      case "pack":
        return this.#settle(message.id)?.done(message.pack as never);
      case "trace":
        return this.#settle(message.id)?.done(message.trace as never);
    }
  }

  #died(): void {
    this.#heartbeat.stop();
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const id of [...this.#files.keys()]) this.#settle(id)?.failed(STOPPED);
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < DEATHS_MS), now];
    const again = this.#deaths.length <= MOST_DEATHS;
    if (again) this.#start();
    this.listener?.died(again);
  }
}

const STOPPED: ToldError = {
  code: "internal",
  number: undefined,
  message: "The search engine stopped while it worked on the file.",
  remedy: "Drop the file again.",
  where: undefined,
};
