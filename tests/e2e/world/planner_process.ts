/** The real `plan` command as a process, and what it says over HTTP. @module */

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/** A planner that serves. */
export class PlannerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #url: string;
  readonly #log: () => string;

  private constructor(
    process: Deno.ChildProcess,
    url: string,
    log: () => string,
  ) {
    this.#process = process;
    this.#url = url;
    this.#log = log;
  }

  /** Starts one and waits until it serves. */
  static async start(
    files: {
      readonly config: string;
      readonly kubeconfig?: string;
      /** Address to serve at; default the loopback. */
      readonly hostname?: string;
    },
  ): Promise<PlannerProcess> {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", MAIN, "plan"],
        ...["--config", files.config],
        ...files.kubeconfig ? ["--kubeconfig", files.kubeconfig] : [],
        ...["--listen", `${files.hostname ?? "127.0.0.1"}:0`],
        ...["--log-format", "json"],
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let log = "";
    const serves = Promise.withResolvers<string>();
    (async () => {
      for await (
        const text of process.stderr.pipeThrough(new TextDecoderStream())
      ) {
        log += text;
        const port = /Serving on [^"]*?:(\d+)/.exec(log)?.[1];
        if (port) serves.resolve(`http://127.0.0.1:${port}`);
      }
      serves.reject(new Error(`The planner ended: ${log}`));
    })().catch(() => {});
    return new PlannerProcess(process, await serves.promise, () => log);
  }

  /** Where it serves, on the loopback. */
  get url(): string {
    return this.#url;
  }

  /** All that it has said. */
  get log(): string {
    return this.#log();
  }

  /** A metric without its prefix; undefined when the series is not there. */
  async metric(series: string): Promise<number | undefined> {
    try {
      const response = await fetch(`${this.#url}/metrics`);
      const line = (await response.text()).split("\n").find((one) =>
        sameSeries(one, `dynamo_planner_${series}`)
      );
      return line === undefined ? undefined : Number(line.split(" ").at(-1));
    } catch {
      return undefined;
    }
  }

  /** What `/api/v1/state` says. */
  async state(): Promise<unknown> {
    return await (await fetch(`${this.#url}/api/v1/state`)).json();
  }

  /** Kills it in the middle of whatever it does. */
  async kill(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#process.status;
  }

  /** Holds it as a virtual machine's host would: it knows nothing of it. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Whether a line of an exposition is of this series, further labels or not. */
function sameSeries(line: string, series: string): boolean {
  const [name = "", labels = ""] = series.replace("}", "").split("{");
  if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) {
    return false;
  }
  return labels.split(",").every((label) => line.includes(label));
}
