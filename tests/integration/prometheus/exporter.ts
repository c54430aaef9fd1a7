/** An exporter that says what a test tells it to, and stops answering when told so. @module */

/** One sample: name, labels, value. */
export type ExportedSample = readonly [
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
];

/** A `/metrics` on a free port of the loopback. */
export class Exporter implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Asked at every scrape; undefined answers 500. */
  #samples: (() => readonly ExportedSample[]) | undefined;

  constructor(samples: () => readonly ExportedSample[]) {
    this.#samples = samples;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
    }, () => {
      if (!this.#samples) return new Response("down", { status: 500 });
      return new Response(exposition(this.#samples()), {
        headers: { "content-type": "text/plain; version=0.0.4" },
      });
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** From now on scrapes fail. */
  stop(): void {
    this.#samples = undefined;
  }

  start(samples: () => readonly ExportedSample[]): void {
    this.#samples = samples;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

function exposition(samples: readonly ExportedSample[]): string {
  return samples.map(([name, labels, value]) =>
    `${name}{${
      Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
        .join(",")
    }} ${value}\n`
  ).join("");
}

/** A histogram's sum and count. */
export function histogram(
  name: string,
  labels: Readonly<Record<string, string>>,
  { sum, count }: { readonly sum: number; readonly count: number },
): readonly ExportedSample[] {
  return [[`${name}_sum`, labels, sum], [`${name}_count`, labels, count]];
}
