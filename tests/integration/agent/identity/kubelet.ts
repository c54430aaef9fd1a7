/** A PodResources server of the real gRPC library on a unix socket. @module */

import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type status,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";

/** How the server answers one call. */
export type Answer =
  | { readonly kind: "reply"; readonly message: Uint8Array }
  | { readonly kind: "error"; readonly code: status; readonly details: string }
  | { readonly kind: "never" };

/** Answers `List` as the test says. */
export class Kubelet implements AsyncDisposable {
  readonly socket: string;
  readonly #folder: string;
  #server: Server | undefined;
  #calls = 0;
  #onCall: (() => void)[] = [];
  answer: Answer = { kind: "reply", message: new Uint8Array() };

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = `${folder}/kubelet.sock`;
  }

  static async start(): Promise<Kubelet> {
    const kubelet = new Kubelet(await Deno.makeTempDir());
    await kubelet.restart();
    return kubelet;
  }

  /** Stops as a kubelet that is killed: calls break, the socket goes. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  async restart(): Promise<void> {
    this.stop();
    await Deno.remove(this.socket).catch(() => {});
    const bytes = (message: Uint8Array) => Buffer.from(message);
    const server = new Server();
    server.addService({
      List: {
        path: "/v1.PodResourcesLister/List",
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    }, {
      List: (
        call: { request: Uint8Array },
        callback: sendUnaryData<Uint8Array>,
      ) => {
        this.#calls++;
        for (const called of this.#onCall.splice(0)) called();
        if (call.request.length > 0) throw new Error("The request is empty.");
        const { answer } = this;
        if (answer.kind === "reply") callback(null, answer.message);
        if (answer.kind === "error") callback(answer);
      },
    });
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(
        `unix:${this.socket}`,
        ServerCredentials.createInsecure(),
        (error) => error ? reject(error) : resolve(),
      )
    );
    this.#server = server;
  }

  /** Resolves when the next call has arrived. */
  called(): Promise<void> {
    return new Promise((resolve) => this.#onCall.push(resolve));
  }

  get calls(): number {
    return this.#calls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** A length-delimited field of a protocol-buffer message. */
export function field(
  number: number,
  content: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  return concat(varint(number * 8 + 2), varint(bytes.length), bytes);
}

/** A number field: what a reader must pass over. */
export function numberField(
  number: number,
  value: number,
): Uint8Array<ArrayBuffer> {
  return concat(varint(number * 8), varint(value));
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** One pod with one container `main` that has these devices. */
export function podWith(
  namespace: string,
  name: string,
  resource: string,
  ids: readonly string[],
): Uint8Array<ArrayBuffer> {
  const devices = concat(
    field(1, resource),
    ...ids.map((id) => field(2, id)),
    field(3, field(1, numberField(1, 0))), // topology: nodes
  );
  const container = concat(
    field(1, "main"),
    field(2, devices),
    field(3, new Uint8Array([1, 2, 3])), // cpu_ids, packed
  );
  return field(
    1,
    concat(field(1, name), field(2, namespace), field(3, container)),
  );
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) {
    bytes.push(value % 128 + 128);
  }
  return new Uint8Array([...bytes, value]);
}
