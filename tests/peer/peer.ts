/** The real AIC engine as a process that answers questions. @module */

import type {
  PeerAnswers,
  PeerAsk,
  PeerEngine,
  PeerReply,
} from "./peer_question.ts";

export type * from "./peer_question.ts";

/** Interpreter with the peer's package, or undefined when none is named. */
export function peerPython(): string | undefined {
  return Deno.env.get("WATTKEEPER_PEER_PYTHON") || undefined;
}

/** How a peer is started. */
export interface PeerOptions {
  /** Absent: `WATTKEEPER_PEER_PYTHON`. */
  readonly python?: string;
  /** Questions that may be on their way at once; more wait. */
  readonly mostInFlight?: number;
  /** Longest wait for one answer, milliseconds. */
  readonly deadlineMs?: number;
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One running peer; `await using` ends it. */
export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #queue: (() => void)[] = [];
  readonly #mostInFlight: number;
  readonly #deadlineMs: number;
  readonly #reading: Promise<void>;
  readonly #complaints: Promise<string>;
  #nextId = 1;
  #ended: Error | undefined;

  private constructor(child: Deno.ChildProcess, options: PeerOptions) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#mostInFlight = options.mostInFlight ?? 16;
    this.#deadlineMs = options.deadlineMs ?? 120_000;
    this.#complaints = new Response(child.stderr).text();
    this.#reading = this.#read();
  }

  /**
   * Starts the peer.
   *
   * @throws {Error} when no interpreter is named or it cannot be started
   */
  static start(options: PeerOptions = {}): Peer {
    const python = options.python ?? peerPython();
    if (python === undefined) {
      throw new Error(
        "No peer to ask: WATTKEEPER_PEER_PYTHON must name a Python interpreter with aiconfigurator installed.",
      );
    }
    const script = new URL("./peer_server.py", import.meta.url).pathname;
    try {
      const child = new Deno.Command(python, {
        args: [script],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      return new Peer(child, options);
    } catch (cause) {
      throw new Error(
        `Cannot start the peer: "${python}" of WATTKEEPER_PEER_PYTHON does not run.`,
        { cause },
      );
    }
  }

  /** Asks one question; a refusal is an answer, only a broken peer throws. */
  async ask<Ask extends PeerAsk>(
    engine: PeerEngine,
    ask: Ask,
  ): Promise<PeerReply<Ask["kind"] & keyof PeerAnswers>> {
    await this.#turn();
    if (this.#ended !== undefined) throw this.#ended;
    const id = this.#nextId++;
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const timer = setTimeout(
      () =>
        this.#fail(
          id,
          new Error(
            `The peer did not answer within ${this.#deadlineMs} ms: ${
              JSON.stringify({ engine, ask })
            }.`,
          ),
        ),
      this.#deadlineMs,
    );
    try {
      const line = JSON.stringify({ id, engine, ask }) + "\n";
      await this.#writer.write(new TextEncoder().encode(line));
      return await reply as PeerReply<Ask["kind"] & keyof PeerAnswers>;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
      this.#queue.shift()?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= new Error("The peer was closed.");
    await this.#writer.close().catch(() => {});
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 2000);
    await this.#child.status;
    clearTimeout(killer);
    await this.#reading;
    await this.#complaints;
  }

  async #turn(): Promise<void> {
    if (this.#waiting.size < this.#mostInFlight) return;
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#child.stdout) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
    this.#ended ??= new Error(
      `The peer ended: ${(await this.#complaints).trim().slice(-2000)}`,
    );
    for (const id of [...this.#waiting.keys()]) this.#fail(id, this.#ended);
  }

  #take(line: string): void {
    const { id, ...reply } = JSON.parse(line);
    this.#waiting.get(id)?.resolve(reply);
  }

  #fail(id: number, error: Error): void {
    this.#waiting.get(id)?.reject(error);
  }
}
