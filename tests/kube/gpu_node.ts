/** A GPU node for tests: devices, kubelet and `/proc` of the test's making, and the real `agent` command over them. @module */

import { V8_FLAGS } from "../../agent/compile.ts";
import {
  concat,
  Kubelet,
  podWith,
} from "../integration/agent/identity/kubelet.ts";
import { FakeNvml } from "../nvml_fake/fake.ts";
import { FakeProc, podCgroup } from "../unit/agent/identity/fake_proc.ts";
import { until } from "./until.ts";
import { WorkerProcess } from "./worker_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** How a node is made. */
export interface GpuNodeOptions {
  readonly name: string;
  readonly gpus: number;
  /** Kubeconfig of the node's agent. */
  readonly kubeconfig: string;
  readonly safeDefaultWatts?: number;
  /** Address that the agent serves at; default the loopback. */
  readonly hostname?: string;
  /** Further flags of the agent. */
  readonly flags?: readonly string[];
}

/** A pod as the kubelet has admitted it. */
export interface AdmittedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Indices of the GPUs that the device plugin gave it. */
  readonly gpus: readonly number[];
}

/** One node. The agent is a process of its own, and so is each worker. */
export class GpuNode implements AsyncDisposable {
  readonly name: string;
  readonly nvml: FakeNvml;
  readonly #options: GpuNodeOptions;
  readonly #proc: FakeProc;
  readonly #kubelet: Kubelet;
  readonly #folder: string;
  readonly #pods = new Map<string, AdmittedPod>();
  readonly #workers = new Map<string, WorkerProcess>();
  #agent: Deno.ChildProcess | undefined;
  #url = "";
  #log = "";
  #boots = 0;

  private constructor(
    options: GpuNodeOptions,
    nvml: FakeNvml,
    kubelet: Kubelet,
  ) {
    this.name = options.name;
    this.#options = options;
    this.nvml = nvml;
    this.#kubelet = kubelet;
    this.#proc = new FakeProc();
    this.#folder = Deno.makeTempDirSync({ prefix: "wattkeeper-node-" });
    this.#boot();
  }

  /** Makes a node whose agent does not run yet. GPU UUIDs are unique in the cluster. */
  static async create(options: GpuNodeOptions): Promise<GpuNode> {
    const nvml = await FakeNvml.create(
      Array.from({ length: options.gpus }, (_, index) => ({
        uuid: `GPU-${options.name}-${index}`,
      })),
    );
    return new GpuNode(options, nvml, await Kubelet.start());
  }

  /** Where the agent serves. */
  get url(): string {
    return this.#url;
  }

  /** PID of the agent; undefined while it does not run. */
  get agentPid(): number | undefined {
    return this.#agent?.pid;
  }

  /** All that agents of this node have said. */
  get log(): string {
    return this.#log;
  }

  /** The pods that the kubelet has, by UID. */
  get pods(): ReadonlyMap<string, AdmittedPod> {
    return this.#pods;
  }

  /** Indices of GPUs that no pod has. */
  get freeGpus(): number[] {
    const taken = new Set([...this.#pods.values()].flatMap(({ gpus }) => gpus));
    return Array.from({ length: this.#options.gpus }, (_, index) => index)
      .filter((index) => !taken.has(index));
  }

  /** Starts the agent and waits until it serves. */
  async startAgent(): Promise<void> {
    const { name, kubeconfig, safeDefaultWatts = 500, flags = [] } =
      this.#options;
    const { hostname = "127.0.0.1" } = this.#options;
    const agent = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check"],
        V8_FLAGS,
        ...[MAIN, "agent", "--node-name", name, "--kubeconfig", kubeconfig],
        ...["--safe-default-watts", `${safeDefaultWatts}`],
        ...["--nvml-library", this.nvml.library],
        ...["--proc-root", this.#proc.root],
        ...["--pod-resources-socket", this.#kubelet.socket],
        ...["--state-dir", `${this.#folder}/state`],
        ...["--gate-socket", `${this.#folder}/gate.sock`],
        ...["--listen", `${hostname}:0`, "--log-format", "json", ...flags],
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#agent = agent;
    const serves = Promise.withResolvers<string>();
    let said = "";
    (async () => {
      for await (
        const text of agent.stderr.pipeThrough(new TextDecoderStream())
      ) {
        said += text;
        this.#log += text;
        const port = /"port":(\d+)/.exec(said)?.[1];
        if (port) serves.resolve(`http://127.0.0.1:${port}`);
      }
      serves.reject(new Error(`The agent of ${name} ended: ${said}`));
    })().catch(() => {});
    this.#url = await serves.promise;
  }

  /** Ends the agent as the kernel's out-of-memory killer would, or with a signal that it hears. */
  async stopAgent(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent === undefined) return;
    agent.kill(signal);
    await agent.status;
  }

  /** The disk with the agent's record is replaced while it does not run. */
  async loseRecord(): Promise<void> {
    await Deno.remove(`${this.#folder}/state`, { recursive: true });
  }

  /** Takes a pod on: the device plugin gives it GPUs, and its container's first process stands at the gate. */
  async admit(pod: AdmittedPod): Promise<void> {
    this.#pods.set(pod.uid, pod);
    this.#tellPodResources();
    await this.#startWorker(pod);
  }

  /** Starts the container of a pod that is there again, in place. */
  async restartContainer(uid: string): Promise<void> {
    const pod = this.#pods.get(uid);
    if (!pod) throw new Error(`${this.name} has no pod ${uid}.`);
    await this.#endWorker(uid);
    await this.#startWorker(pod);
  }

  /** Ends a pod's processes and gives its GPUs back to the device plugin. */
  async remove(uid: string): Promise<void> {
    await this.#endWorker(uid);
    this.#pods.delete(uid);
    this.#tellPodResources();
  }

  /** Whether the worker of a pod is through its gate. */
  isServing(uid: string): boolean {
    return this.#workers.get(uid)?.isThroughGate === true;
  }

  /** Power fails: agent and workers are gone, limits are back at their default, the kubelet knows nobody. */
  async lose(): Promise<void> {
    await this.stopAgent();
    for (const uid of [...this.#pods.keys()]) await this.#endWorker(uid);
    this.#pods.clear();
    this.#tellPodResources();
    this.nvml.reloadDriver();
  }

  /** Comes back after {@linkcode lose} under another boot id; `pods` are those that the kubelet starts again. */
  async reboot(pods: readonly AdmittedPod[] = []): Promise<void> {
    this.#boot();
    await this.startAgent();
    for (const pod of pods) await this.admit(pod);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    for (const uid of [...this.#workers.keys()]) await this.#endWorker(uid);
    await this.#kubelet[Symbol.asyncDispose]();
    this.#proc[Symbol.dispose]();
    this.nvml[Symbol.dispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #boot(): void {
    const folder = `${this.#proc.root}/sys/kernel/random`;
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(
      `${folder}/boot_id`,
      `${this.name}-boot-${++this.#boots}\n`,
    );
  }

  async #startWorker(pod: AdmittedPod): Promise<void> {
    const worker = await WorkerProcess.start({
      gateSocket: `${this.#folder}/gate.sock`,
      // Before it asks, the kernel has put it into the pod's cgroup.
      placed: (pid) =>
        this.#proc.run(pid, {
          cgroup: podCgroup(pod.uid),
          startTicks: 4_000_000 + pid,
        }),
      throughGate: (pid) => {
        for (const gpu of pod.gpus) this.nvml.setProcesses(gpu, [pid]);
      },
    });
    this.#workers.set(pod.uid, worker);
  }

  async #endWorker(uid: string): Promise<void> {
    const worker = this.#workers.get(uid);
    this.#workers.delete(uid);
    if (worker === undefined) return;
    await worker[Symbol.asyncDispose]();
    this.#proc.end(worker.pid);
    for (const gpu of this.#pods.get(uid)?.gpus ?? []) {
      this.nvml.setProcesses(gpu, []);
    }
  }

  #tellPodResources(): void {
    this.#kubelet.answer = {
      kind: "reply",
      message: concat(
        ...[...this.#pods.values()].map(({ namespace, name, gpus }) =>
          podWith(
            namespace,
            name,
            "nvidia.com/gpu",
            gpus.map((gpu) => `GPU-${this.name}-${gpu}`),
          )
        ),
      ),
    };
  }

  /** What the agent's `/status` says. */
  async status(): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#url}/status`);
    return await response.json();
  }

  /** Waits until the agent calls itself ready. */
  async untilReady(): Promise<void> {
    await until(`the agent of ${this.name} is ready`, async () => {
      const response = await fetch(`${this.#url}/readyz`);
      await response.body?.cancel();
      return response.ok;
    });
  }
}
