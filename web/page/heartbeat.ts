/** Notices that a worker is dead: one that was closed or killed says nothing, and silence is all there is. @module */

/** Milliseconds between two pings. */
const PING_EVERY_MS = 1_000;

/** Counted, not timed: on a busy machine the page's own pings come later too. */
export class Heartbeat {
  #unanswered = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #ping: () => void;
  readonly #dead: () => void;
  readonly #most: number;

  /** @param most pings without a word after which a worker is dead: more seconds than any one piece of its work takes */
  constructor(
    { ping, dead, most }: {
      readonly ping: () => void;
      readonly dead: () => void;
      readonly most: number;
    },
  ) {
    this.#ping = ping;
    this.#dead = dead;
    this.#most = most;
  }

  start(): void {
    this.stop();
    this.#unanswered = 0;
    this.#timer = setInterval(() => this.#beat(), PING_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The worker said something. */
  heard(): void {
    this.#unanswered = 0;
  }

  #beat(): void {
    if (this.#unanswered >= this.#most) return this.#dead();
    // Timers of a hidden page come rarely, and those of its worker too.
    if (!document.hidden) this.#unanswered++;
    this.#ping();
  }
}
