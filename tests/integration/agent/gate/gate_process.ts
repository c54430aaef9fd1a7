/** The real `gate` program as a child process, and an agent's socket that sees real processes. @module */

import { fileURLToPath } from "node:url";
import { GateServer } from "../../../../agent/gate/mod.ts";
import { ProcessTable } from "../../../../agent/identity/mod.ts";
import { realClock } from "../../../../cluster/clock.ts";
import { podCgroup } from "../../../unit/agent/identity/fake_proc.ts";
import { FakeLedger } from "./fake_ledger.ts";
import { UID_A } from "./gate_house.ts";

const MAIN = fileURLToPath(new URL("../../../../main.ts", import.meta.url));

/** How a gate is started. */
export interface GateStart {
  readonly flags?: readonly string[];
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
  /** Shell text that runs first in the same process, before it becomes the gate. */
  readonly before?: string;
}

/** An agent whose ledger the test speaks for; every process on the machine is in pod A unless `cgroupOf` differs. */
export class RealGate implements AsyncDisposable {
  readonly ledger = new FakeLedger();
  readonly #folder = Deno.makeTempDirSync();
  readonly socket = `${this.#folder}/gate.sock`;
  readonly #processes: ProcessTable;
  #server: GateServer | undefined;

  constructor(processes?: ProcessTable) {
    this.#processes = processes ??
      new ProcessTable(
        "/proc",
        (path) =>
          path.endsWith("/cgroup")
            ? podCgroup(UID_A)
            : Deno.readTextFileSync(path),
      );
  }

  async startAgent(): Promise<void> {
    this.#server = await GateServer.listen(this.socket, {
      ledger: this.ledger,
      processes: this.#processes,
      clock: realClock,
    });
  }

  async stopAgent(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  /** Starts `gate`. */
  spawn(start: GateStart): Deno.ChildProcess {
    const { flags = [], command, env = {}, before = "" } = start;
    const gate = [
      Deno.execPath(),
      ...["run", "-A", "--quiet", MAIN, "gate", "--socket", this.socket],
      ...[...flags, "--", ...command],
    ];
    return new Deno.Command("/bin/sh", {
      args: ["-c", `${before}\nexec "$@"`, "sh", ...gate],
      env: { NO_COLOR: "1", ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What a process left behind. */
export async function outcomeOf(child: Deno.ChildProcess) {
  const { code, signal, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, stdout: text(stdout), stderr: text(stderr) };
}
