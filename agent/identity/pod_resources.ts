/** The kubelet's PodResources service: which pod got which device. One unary gRPC call over a unix socket. @module */

import { deadline } from "../../cluster/mod.ts";
import type { Clock } from "../ports.ts";
import {
  type ContainerDevices,
  decodePodResources,
} from "./pod_resources_reply.ts";

/** What the kubelet answered. Silence is never an empty answer. */
export type PodResourcesAnswer =
  | {
    readonly kind: "answered";
    readonly containers: readonly ContainerDevices[];
  }
  | { readonly kind: "silent"; readonly reason: string };

/** Where the kubelet listens unless it is told otherwise. */
export const POD_RESOURCES_SOCKET =
  "/var/lib/kubelet/pod-resources/kubelet.sock";
/** A kubelet that takes longer is silent, milliseconds. */
export const POD_RESOURCES_DEADLINE_MS = 5_000;
/** A node of 250 pods with 16 devices each stays below a tenth of it. */
const MAX_REPLY_BYTES = 16 << 20;
const METHOD = "http://kubelet/v1.PodResourcesLister/List";
/** An empty message: not compressed, length 0. */
const EMPTY_REQUEST = new Uint8Array(5);

/** Calls `List`. Native fetch speaks gRPC's HTTP/2 over the socket, so no gRPC library is in the agent. */
export class PodResourcesClient implements Disposable {
  readonly #socket: string;
  readonly #clock: Clock;
  #client: Deno.HttpClient | undefined;

  constructor(socket: string, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Asks the kubelet. Never throws. */
  async list(): Promise<PodResourcesAnswer> {
    const limit = deadline(this.#clock, POD_RESOURCES_DEADLINE_MS, {
      reason: new Error(
        `no answer within ${POD_RESOURCES_DEADLINE_MS / 1000} s`,
      ),
    });
    try {
      const message = await this.#call(limit.signal);
      return { kind: "answered", containers: decodePodResources(message) };
    } catch (error) {
      this[Symbol.dispose]();
      const reason = limit.signal.aborted ? limit.signal.reason : error;
      return {
        kind: "silent",
        reason:
          `The kubelet at "${this.#socket}" does not say who has which GPU: ${
            innermost(reason)
          }.`,
      };
    } finally {
      limit.clear();
    }
  }

  /** Closes the connection; the next call makes a new one. */
  [Symbol.dispose](): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #call(signal: AbortSignal): Promise<Uint8Array> {
    this.#client ??= Deno.createHttpClient({
      proxy: { transport: "unix", path: this.#socket },
      http1: false,
      http2: true,
    });
    const response = await fetch(METHOD, {
      method: "POST",
      headers: { "content-type": "application/grpc", te: "trailers" },
      body: EMPTY_REQUEST,
      client: this.#client,
      redirect: "manual",
      signal,
    });
    // A failed call has its status in the head, for there is no message to send before the trailers.
    const status = response.headers.get("grpc-status") ?? "0";
    if (response.status !== 200 || status !== "0") {
      await response.body?.cancel();
      const said = readable(response.headers.get("grpc-message") ?? "");
      throw new Error(
        `HTTP ${response.status}, gRPC status ${status} "${said}"`,
      );
    }
    return messageOf(await bytesOf(response));
  }
}

/** The one message of a unary reply: its length must be exact, or the reply broke off. */
function messageOf(reply: Uint8Array): Uint8Array {
  if (reply.length < 5) throw new Error("the reply has no message");
  if (reply[0] !== 0) throw new Error("the reply is compressed");
  const length = new DataView(reply.buffer, reply.byteOffset).getUint32(1);
  if (reply.length !== 5 + length) {
    throw new Error(`the reply has ${reply.length - 5} of ${length} bytes`);
  }
  return reply.subarray(5);
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_REPLY_BYTES) {
      throw new Error(`the reply is longer than ${MAX_REPLY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** A gRPC message comes percent-encoded, by servers that do it right. */
function readable(message: string): string {
  try {
    return decodeURIComponent(message).slice(0, 200);
  } catch {
    return message.slice(0, 200);
  }
}

function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}
