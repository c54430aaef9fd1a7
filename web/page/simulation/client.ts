/** The page's side of the simulator: a worker that lives as long as one simulation. @module */

import type {
  FromSimulator,
  SimulationQuestion,
  ToSimulator,
} from "../../simulator/protocol.ts";
import { workerUrl } from "../blob_worker.ts";
import { Heartbeat } from "../heartbeat.ts";

/** Told what the simulator says; `died`: it ended without an answer. */
export type SimulationListener = (
  message: Exclude<FromSimulator, { kind: "pong" }> | { readonly kind: "died" },
) => void;

/** Pings without a word after which it is dead: more seconds than reading the longest trace takes. */
const MOST_UNANSWERED = 30;

/** One simulation at a time; the bundle is loaded with the first. */
export class SimulationClient {
  #url: string | undefined;
  #worker: Worker | undefined;
  readonly #heartbeat = new Heartbeat({
    ping: () => this.#send({ kind: "ping" }),
    dead: () => this.#dead(),
    most: MOST_UNANSWERED,
  });
  #listener: SimulationListener = () => {};

  /** Begins; one in work is ended without a word. */
  start(question: SimulationQuestion, listener: SimulationListener): void {
    this.stop();
    this.#url ??= workerUrl("simulator.js");
    const worker = new Worker(this.#url, { name: "simulator" });
    this.#worker = worker;
    this.#listener = listener;
    worker.addEventListener(
      "message",
      ({ data }: MessageEvent<FromSimulator>) => {
        if (worker === this.#worker) this.#hear(data);
      },
    );
    const dead = (event: Event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#dead();
    };
    worker.addEventListener("error", dead);
    worker.addEventListener("messageerror", dead);
    this.#heartbeat.start();
    this.#send({ kind: "simulate", question });
  }

  /** Ends what is in work; nothing is said of it any more. */
  stop(): void {
    this.#heartbeat.stop();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #send(message: ToSimulator): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromSimulator): void {
    this.#heartbeat.heard();
    if (message.kind === "pong") return;
    if (message.kind === "done" || message.kind === "failed") this.stop();
    this.#listener(message);
  }

  #dead(): void {
    this.stop();
    this.#listener({ kind: "died" });
  }
}
