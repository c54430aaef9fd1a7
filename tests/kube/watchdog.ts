/** Kills servers whose test was killed itself, so that no run leaves processes behind. @module */

/** Waits for its parent to end; the servers' process ids are in a file, one a line. */
const SCRIPT = 'read -r _; xargs -r kill -9 <"$1" 2>/dev/null; rm -rf "$2"';

/** One process that outlives the test by a moment. */
export class Watchdog implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #file: string;
  readonly #pids = new Map<string, number>();

  /** @param folder of the servers' data, removed with them */
  constructor(folder: string) {
    this.#file = `${folder}/pids`;
    this.#process = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", this.#file, folder],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Takes note of a server, in the place of the one of the same name before it. */
  async guard(name: string, pid: number): Promise<void> {
    this.#pids.set(name, pid);
    await Deno.writeTextFile(
      this.#file,
      [...this.#pids.values()].map((pid) => `${pid}\n`).join(""),
    );
  }

  /** Ends it; the servers are the test's own to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.stdin.close().catch(() => {});
    await this.#process.status;
  }
}
