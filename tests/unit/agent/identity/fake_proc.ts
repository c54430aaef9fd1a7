/** A `/proc` of the test's own making. @module */

/** What a test says about a process; the rest is filled in. */
export interface FakeProcess {
  /** Content of its cgroup file; undefined leaves the file out. */
  readonly cgroup?: string | undefined;
  /** Clock ticks since boot. */
  readonly startTicks?: number;
  /** Letter of proc(5): `S`, `Z`. */
  readonly state?: string;
  readonly flags?: number;
  readonly threads?: number;
  /** Name, with whatever a program may put into its own. */
  readonly name?: string;
}

/** Path of a pod's container as containerd's systemd driver makes it. */
export function podCgroup(podUid: string, containerId = "c0ffee00c0ffee00") {
  return `0::/kubepods.slice/kubepods-pod${
    podUid.replaceAll("-", "_")
  }.slice/cri-containerd-${containerId}.scope\n`;
}

/** A folder laid out like `/proc`; booted 100,000 s ago. */
export class FakeProc implements Disposable {
  readonly root = Deno.makeTempDirSync();

  constructor() {
    Deno.writeTextFileSync(`${this.root}/uptime`, "100000.00 12345.00\n");
    Deno.mkdirSync(`${this.root}/sys`);
    this.run(1, { cgroup: "0::/init.scope\n" });
  }

  /** Starts a process, or replaces the one that has the PID. */
  run(pid: number, process: FakeProcess): void {
    this.end(pid);
    const path = `${this.root}/${pid}`;
    Deno.mkdirSync(path);
    const { name = "worker", state = "S", flags = 0, threads = 8 } = process;
    const fields = [state, 1, pid, pid, 0, -1, flags, ...Array(10).fill(0)];
    fields.push(threads, 0, process.startTicks ?? 4_000_000, 0, 0);
    Deno.writeTextFileSync(
      `${path}/stat`,
      `${pid} (${name}) ${fields.join(" ")}\n`,
    );
    if (process.cgroup !== undefined) {
      Deno.writeTextFileSync(`${path}/cgroup`, process.cgroup);
    }
  }

  /** Ends a process and takes its PID away. */
  end(pid: number): void {
    try {
      Deno.removeSync(`${this.root}/${pid}`, { recursive: true });
    } catch { /* there was none */ }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}
