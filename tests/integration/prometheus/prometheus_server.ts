/** A real Prometheus server for one test: free port, storage of its own, gone afterwards. @module */

/** Path of the server's program; undefined where it is not here. */
export const PROMETHEUS = Deno.env.get("WATTKEEPER_PROMETHEUS");

/** One thing to scrape. */
export interface ScrapeTarget {
  readonly job: string;
  readonly address: string;
}

/** How a server is started. */
export interface PrometheusOptions {
  readonly targets: readonly ScrapeTarget[];
  readonly scrapeMs: number;
  /** Recording rules: the text of a rule file. */
  readonly rules?: string;
  /** PEM of certificate and key: the server then speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const STARTS = 4;
const READY_MS = 30_000;

/** A running server. */
export class PrometheusServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;

  private constructor(
    url: string,
    process: Deno.ChildProcess,
    folder: string,
  ) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** Starts a server; another process may take the free port in between, so that is tried a few times. */
  static async start(
    program: string,
    options: PrometheusOptions,
  ): Promise<PrometheusServer> {
    for (let start = 1;; start++) {
      const server = await PrometheusServer.#try(program, options);
      if (server) return server;
      if (start === STARTS) throw new Error("Prometheus did not start.");
    }
  }

  static async #try(
    program: string,
    options: PrometheusOptions,
  ): Promise<PrometheusServer | undefined> {
    const folder = await Deno.makeTempDir({ prefix: "wattkeeper-prometheus-" });
    await Deno.writeTextFile(`${folder}/config.yml`, configOf(options));
    const { tls, rules } = options;
    if (rules !== undefined) {
      await Deno.writeTextFile(`${folder}/rules.yaml`, rules);
    }
    if (tls) {
      await Deno.writeTextFile(`${folder}/cert.pem`, tls.cert);
      await Deno.writeTextFile(`${folder}/key.pem`, tls.key);
      await Deno.writeTextFile(
        `${folder}/web.yml`,
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n",
      );
    }
    const port = freePort();
    const process = new Deno.Command(program, {
      args: [
        `--config.file=${folder}/config.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
        ...(tls ? [`--web.config.file=${folder}/web.yml`] : []),
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const url = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
    const server = new PrometheusServer(url, process, folder);
    if (await server.#listens(port)) return server;
    await server[Symbol.asyncDispose]();
    return undefined;
  }

  /** Kills the server at once. */
  async kill(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #listens(port: number): Promise<boolean> {
    let ended = false;
    this.#process.status.then(() => ended = true);
    return await within(READY_MS, async () => {
      if (ended) return false;
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        connection.close();
        return true;
      } catch {
        return undefined;
      }
    }) ?? false;
  }
}

/** Asks again and again until there is an answer; undefined when the time is over. */
export async function within<Answer>(
  milliseconds: number,
  ask: () => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

function configOf({ targets, scrapeMs, rules }: PrometheusOptions): string {
  return JSON.stringify({
    ...(rules === undefined ? {} : { rule_files: ["rules.yaml"] }),
    global: {
      scrape_interval: `${scrapeMs}ms`,
      scrape_timeout: `${scrapeMs}ms`,
    },
    scrape_configs: targets.map(({ job, address }) => ({
      job_name: job,
      static_configs: [{ targets: [address] }],
    })),
  });
}
