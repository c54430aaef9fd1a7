/** A worker: the real `gate` command, which becomes the worker's own program once its watts are there. @module */

import { V8_FLAGS } from "../../agent/compile.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const LOOK_MS = 5;

/** What happens around a worker. */
export interface WorkerEvents {
  readonly gateSocket: string;
  /** Called with its PID before it runs anything. */
  readonly placed: (pid: number) => void;
  /** Called once, as soon as it is through the gate. */
  readonly throughGate: (pid: number) => void;
}

/** One container's process. Its program, once through, is `sleep`. */
export class WorkerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  #through = false;
  #ended = false;
  readonly #looking: Promise<void>;

  private constructor(process: Deno.ChildProcess, events: WorkerEvents) {
    this.#process = process;
    process.status.then(() => this.#ended = true);
    this.#looking = this.#look(events.throughGate);
  }

  static async start(events: WorkerEvents): Promise<WorkerProcess> {
    const process = new Deno.Command("/bin/sh", {
      args: [
        "-c",
        'read -r _; exec "$@" </dev/null',
        "sh",
        Deno.execPath(),
        ...["run", "-A", "--quiet", "--no-check"],
        V8_FLAGS,
        ...[MAIN, "gate", "--socket", events.gateSocket],
        ...["--", "/bin/sleep", "infinity"],
      ],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    events.placed(process.pid);
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    await writer.close();
    return new WorkerProcess(process, events);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isThroughGate(): boolean {
    return this.#through && !this.#ended;
  }

  /** The same process has another program once the gate has let it through. */
  async #look(throughGate: (pid: number) => void): Promise<void> {
    while (!this.#ended) {
      const name = await Deno.readTextFile(`/proc/${this.pid}/comm`)
        .catch(() => "");
      if (name.trim() === "sleep") {
        this.#through = true;
        return throughGate(this.pid);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#process.status;
    await this.#looking;
  }
}
