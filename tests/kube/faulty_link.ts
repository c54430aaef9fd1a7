/** A TCP link between a client and a server that can freeze, break or refuse, one direction of the world at a time. @module */

/** Forwards connections to a server until told otherwise. */
export class FaultyLink implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #links = new Set<Link>();
  readonly #accepting: Promise<void>;
  #refusing = false;

  /** @param target the server's address; its path and scheme stay the client's affair */
  constructor(target: URL) {
    this.#target = { hostname: target.hostname, port: Number(target.port) };
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  /** `url` of the server, through this link. */
  through(url: URL): URL {
    const through = new URL(url);
    through.port = `${this.#listener.addr.port}`;
    return through;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Connections open now say nothing more, and hear nothing; new ones work. */
  freeze(): void {
    for (const link of this.#links) link.frozen = true;
  }

  /** Cuts all connections and takes no new ones. */
  cut(): void {
    this.#refusing = true;
    for (const link of [...this.#links]) link.close();
  }

  /** Takes new connections again after {@linkcode cut}. */
  mend(): void {
    this.#refusing = false;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.#refusing) {
        client.close();
        continue;
      }
      this.#open(client).catch(() => client.close());
    }
  }

  async #open(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect(this.#target);
    const link: Link = {
      frozen: false,
      close: () => {
        if (!this.#links.delete(link)) return;
        client.close();
        server.close();
      },
    };
    this.#links.add(link);
    pump(client, server, link);
    pump(server, client, link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const link of [...this.#links]) link.close();
    await this.#accepting;
  }
}

interface Link {
  frozen: boolean;
  readonly close: () => void;
}

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  link: Link,
): Promise<void> {
  const buffer = new Uint8Array(64 << 10);
  try {
    while (true) {
      const count = await from.read(buffer);
      if (count === null) break;
      if (link.frozen) continue;
      for (let sent = 0; sent < count;) {
        sent += await to.write(buffer.subarray(sent, count));
      }
    }
  } catch {
    // The other side is gone; so is the link.
  }
  if (!link.frozen) link.close();
}
