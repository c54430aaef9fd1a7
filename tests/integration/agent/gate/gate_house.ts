/** An agent's gate on a real unix socket, with a ledger, a `/proc` and a kernel of the test's own. @module */

import { GateServer } from "../../../../agent/gate/mod.ts";
import type { PeerCredentials } from "../../../../agent/gate/peer.ts";
import { ProcessTable } from "../../../../agent/identity/mod.ts";
import { FakeProc, podCgroup } from "../../../unit/agent/identity/fake_proc.ts";
import { VirtualClock } from "../../../unit/cluster/virtual_clock.ts";
import { FakeLedger } from "./fake_ledger.ts";

export const UID_A = "cafe0001-dead-0002-beef-00000000000a";
export const UID_B = "cafe0001-dead-0002-beef-00000000000b";

/** Everything a gate's server stands in. Process 100 is in pod A, 200 in pod B, 300 in none. */
export class GateHouse implements AsyncDisposable {
  readonly ledger = new FakeLedger();
  readonly clock = new VirtualClock();
  readonly proc = new FakeProc();
  readonly socket = `${this.proc.root}/gate.sock`;
  /** Who the kernel says connects next. */
  peer: PeerCredentials = peer(100);
  #server: GateServer | undefined;

  private constructor() {
    this.proc.run(100, { cgroup: podCgroup(UID_A) });
    this.proc.run(200, { cgroup: podCgroup(UID_B) });
    this.proc.run(300, { cgroup: "0::/system.slice/x.service\n" });
  }

  static async open(): Promise<GateHouse> {
    const house = new GateHouse();
    await house.restartAgent();
    return house;
  }

  get server(): GateServer {
    if (this.#server === undefined) throw new Error("There is no agent.");
    return this.#server;
  }

  async stopAgent(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  async restartAgent(): Promise<void> {
    await this.stopAgent();
    this.#server = await GateServer.listen(this.socket, {
      ledger: this.ledger,
      processes: new ProcessTable(this.proc.root),
      clock: this.clock,
      peerOf: () => this.peer,
    });
  }

  /** Connects as `pid`, and asks unless told not to. */
  async call(pid: number, request = '{"protocol":1,"ask":"start"}\n') {
    this.peer = peer(pid);
    const connection = await Deno.connect({
      transport: "unix",
      path: this.socket,
    });
    // An agent that has hung up already is for the caller to see when it reads.
    await connection.write(new TextEncoder().encode(request)).catch(() => {});
    return new Caller(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    this.proc[Symbol.dispose]();
  }
}

/** A peer that the kernel calls `pid`; `alive` is what its handle says, undefined without handles. */
export function peer(
  pid: number,
  alive: () => boolean | undefined = () => undefined,
): PeerCredentials {
  return { pid, isAlive: alive, close: () => {} };
}

/** The gate's end of a connection. */
export class Caller implements Disposable {
  readonly #connection: Deno.Conn;
  #text = "";

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** The next answer; undefined when the connection has ended. */
  async next(): Promise<Record<string, unknown> | undefined> {
    const buffer = new Uint8Array(65_536);
    while (!this.#text.includes("\n")) {
      const read = await this.#connection.read(buffer).catch(() => null);
      if (read === null) return undefined;
      this.#text += new TextDecoder().decode(buffer.subarray(0, read));
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return JSON.parse(line);
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch { /* it is closed */ }
  }
}
