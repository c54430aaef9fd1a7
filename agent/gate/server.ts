/** The agent's side of the gate: one unix socket for all pods of the node (C21). @module */

import { createServer, type Server, type Socket } from "node:net";
import type { ProcessTable } from "../identity/mod.ts";
import type { Clock, GateLedger } from "../ports.ts";
import { WattkeeperError } from "../../service/mod.ts";
import { type PeerCredentials, peerCredentials } from "./peer.ts";
import { GateConnection } from "./connection.ts";

/** What the gate's server works with. */
export interface GateServerEnvironment {
  readonly ledger: GateLedger;
  readonly processes: ProcessTable;
  readonly clock: Clock;
  /** The API's UID for a UID in a cgroup; static pods have two. */
  readonly podUidOf?: (cgroupUid: string) => string;
  /** The peer of a connection; the kernel's word unless a test plays the kernel. */
  readonly peerOf?: (socket: Socket) => PeerCredentials | undefined;
}

/** Connections of one pod: its containers and their restarts, with room. */
export const MAX_CONNECTIONS_PER_POD = 16;
/** Connections in all: no node runs as many pods that start at once. */
export const MAX_CONNECTIONS = 1_024;

/** Listens until it is disposed of. */
export class GateServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections = new Set<GateConnection>();
  readonly #environment: GateServerEnvironment;

  private constructor(environment: GateServerEnvironment) {
    this.#environment = environment;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /**
   * Makes the socket, in the place of one that an earlier agent left behind. Anybody on the node may connect: who may
   * start is decided by who connects.
   *
   * @throws {WattkeeperError} when the socket cannot be made
   */
  static async listen(
    path: string,
    environment: GateServerEnvironment,
  ): Promise<GateServer> {
    const gate = new GateServer(environment);
    try {
      await removeOldSocket(path);
      await new Promise<void>((resolve, reject) => {
        gate.#server.once("error", reject);
        gate.#server.listen(path, resolve);
      });
      await Deno.chmod(path, 0o666);
    } catch (cause) {
      gate.#server.close();
      throw new WattkeeperError(
        "write_failed",
        `The gate's socket "${path}" cannot be made: ${
          cause instanceof Error ? cause.message : cause
        }`,
        {
          where: path,
          remedy: "Mount its folder from the host, writable for the agent.",
          cause,
        },
      );
    }
    gate.#server.on("error", () => {});
    return gate;
  }

  /** Pods that wait now, by UID, with the number of their connections. */
  get waiting(): ReadonlyMap<string, number> {
    const pods = new Map<string, number>();
    for (const { podUid } of this.#connections) {
      if (podUid === undefined) continue;
      pods.set(podUid, (pods.get(podUid) ?? 0) + 1);
    }
    return pods;
  }

  /** Breaks all connections, so that every gate waits and asks the next agent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of [...this.#connections]) connection.close();
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const { peerOf = kernelPeerOf, podUidOf = (uid: string) => uid } =
      this.#environment;
    const peer = peerOf(socket);
    if (peer === undefined) return void socket.destroy();
    const connection = new GateConnection(socket, peer, {
      ...this.#environment,
      podUidOf,
    });
    if (!this.#hasRoomFor(connection.podUid)) return connection.close();
    this.#connections.add(connection);
    connection.run().finally(() => this.#connections.delete(connection));
  }

  /** No pod may keep the others from asking; callers in no pod share one pod's room. */
  #hasRoomFor(podUid: string | undefined): boolean {
    const ofThisPod = [...this.#connections].filter((connection) =>
      connection.podUid === podUid
    );
    return this.#connections.size < MAX_CONNECTIONS &&
      ofThisPod.length < MAX_CONNECTIONS_PER_POD;
  }
}

async function removeOldSocket(path: string): Promise<void> {
  try {
    const { isSocket } = await Deno.lstat(path);
    if (!isSocket) throw new Error("something that is no socket is there");
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * The kernel's word about a connection. Node keeps a socket's file descriptor in its handle; it is read in the same turn
 * in which the connection was accepted, so it cannot be another's yet.
 */
function kernelPeerOf(socket: Socket): PeerCredentials | undefined {
  const handle: unknown = "_handle" in socket ? socket._handle : undefined;
  if (typeof handle !== "object" || handle === null || !("fd" in handle)) {
    return undefined;
  }
  const { fd } = handle;
  return typeof fd === "number" && fd >= 0 ? peerCredentials(fd) : undefined;
}
