/** One gate that asks, from its request to the opening or the end of its connection. @module */

import type { Socket } from "node:net";
import type { ProcessTable } from "../identity/mod.ts";
import type { Clock, GateCaller, GateLedger } from "../ports.ts";
import { type Identification, identify } from "./caller.ts";
import type { PeerCredentials } from "./peer.ts";
import { encodeAnswer, GATE_HEARTBEAT_MS, isGateRequest } from "./protocol.ts";

/** What a connection works with. */
export interface ConnectionEnvironment {
  readonly ledger: GateLedger;
  readonly processes: ProcessTable;
  readonly clock: Clock;
  readonly podUidOf: (cgroupUid: string) => string;
}

/** A gate says its one line at once; who does not is no gate, milliseconds. */
export const REQUEST_DEADLINE_MS = 5_000;
/** The one line is 29 bytes long. */
const MAX_REQUEST_BYTES = 256;
/** A gate that does not read its answers is cut off. */
const MAX_UNREAD_BYTES = 65_536;

/** Speaks with one gate. */
export class GateConnection {
  readonly #socket: Socket;
  readonly #peer: PeerCredentials;
  readonly #environment: ConnectionEnvironment;
  readonly #closed = new AbortController();
  /** The pod at the other end when it connected; undefined when it could not be told. */
  readonly podUid: string | undefined;

  constructor(
    socket: Socket,
    peer: PeerCredentials,
    environment: ConnectionEnvironment,
  ) {
    this.#socket = socket;
    this.#peer = peer;
    this.#environment = environment;
    socket.on("close", () => this.close());
    const identity = this.#identify();
    this.podUid = identity.kind === "caller"
      ? identity.caller.podUid
      : undefined;
  }

  /** Ends the connection. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#peer.close();
    this.#socket.destroy();
  }

  /** Answers until the gate is let through or gone. Never throws. */
  async run(): Promise<void> {
    try {
      if (!await this.#requested()) return;
      await this.#answer();
    } finally {
      this.close();
    }
  }

  async #answer(): Promise<void> {
    const { clock } = this.#environment;
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const identity = this.#identify();
      if (identity.kind === "caller") {
        if (await this.#attend(identity.caller)) return;
        continue;
      }
      this.#send({
        kind: "wait",
        code: "caller_not_identified",
        reason: `${identity.reason}.`,
      });
      await clock.sleep(GATE_HEARTBEAT_MS, signal);
    }
  }

  /**
   * Enters the caller in the ledger and asks until it may start, its identity changes or it goes.
   *
   * @returns whether the conversation is over
   */
  async #attend(caller: GateCaller): Promise<boolean> {
    const { clock, ledger } = this.#environment;
    const { signal } = this.#closed;
    const leave = ledger.enter(caller);
    try {
      while (!signal.aborted) {
        const verdict = await ledger.ask(caller);
        if (signal.aborted) return true;
        // Time has passed: the one who is told to start must be the one who asked.
        const now = this.#identify();
        if (now.kind !== "caller" || now.caller.podUid !== caller.podUid) {
          return false;
        }
        this.#send(verdict);
        if (verdict.kind === "open") {
          await this.#finish();
          return true;
        }
        const changed = new AbortController();
        await Promise.race([
          ledger.changed(
            caller.podUid,
            AbortSignal.any([signal, changed.signal]),
          ),
          clock.sleep(
            GATE_HEARTBEAT_MS,
            AbortSignal.any([signal, changed.signal]),
          ),
        ]);
        changed.abort();
      }
      return true;
    } finally {
      leave();
    }
  }

  #identify(): Identification {
    const { processes, podUidOf } = this.#environment;
    return identify(this.#peer, processes, podUidOf);
  }

  #send(answer: Parameters<typeof encodeAnswer>[0]): void {
    this.#socket.write(encodeAnswer(answer));
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.close();
  }

  /** Lets the last answer go out before the connection ends. */
  async #finish(): Promise<void> {
    const { signal } = this.#closed;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      this.#socket.end(() => resolve());
    });
  }

  /** Waits for the gate's one line. */
  #requested(): Promise<boolean> {
    const { clock } = this.#environment;
    const { signal } = this.#closed;
    const arrived = new AbortController();
    let text = "";
    const line = new Promise<boolean>((resolve) => {
      this.#socket.on("data", (chunk) => {
        text += chunk.toString();
        if (text.length > MAX_REQUEST_BYTES) return void this.close();
        const end = text.indexOf("\n");
        if (end >= 0) resolve(isGateRequest(text.slice(0, end)));
      });
      signal.addEventListener("abort", () => resolve(false), { once: true });
    });
    const late = clock.sleep(
      REQUEST_DEADLINE_MS,
      AbortSignal.any([signal, arrived.signal]),
    ).then(() => false);
    return Promise.race([line, late]).finally(() => arrived.abort());
  }
}
