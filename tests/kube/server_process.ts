/** A server as a child process: its log in a file, ready or not within a bound, never left behind. @module */

/** How a server is started. */
export interface ServerCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Where its log goes. */
  readonly folder: string;
  /** Resolves with true when it serves. Asked again and again. */
  readonly ready: () => Promise<boolean>;
}

const READY_MS = 60_000;
const ASK_MS = 20;
const LOG_LINES = 15;

/** A server that is ready. */
export class ServerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
  }

  /**
   * Starts a server and waits until it is ready.
   *
   * @throws {Error} with the end of its log when it ends before that, or takes too long
   */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const log = `${command.folder}/${command.name}.log`;
    const process = new Deno.Command("sh", {
      args: [
        "-c",
        'log=$1; shift; exec "$@" >>"$log" 2>&1',
        "sh",
        log,
        command.program,
        ...command.args,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    process.status.then(() => ended = true);
    const untilMs = performance.now() + READY_MS;
    while (!ended && performance.now() < untilMs) {
      if (await command.ready()) return new ServerProcess(process);
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
    const server = new ServerProcess(process);
    await server[Symbol.asyncDispose]();
    const text = await Deno.readTextFile(log).catch(() => "");
    throw new Error(
      `${command.name} ${ended ? "ended" : "is not ready"}. Its log ends:\n${
        text.trimEnd().split("\n").slice(-LOG_LINES).join("\n")
      }`,
    );
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Stops it where it stands: connections stay open and nobody answers. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Lets it go on after {@linkcode freeze}. */
  thaw(): void {
    this.#process.kill("SIGCONT");
  }

  /** Kills it, as a machine that loses power would. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#process.status;
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Tries a start again with other ports: another process may have taken one in between. */
export async function withFreshPorts<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}
