/** One agent in a process of its own, on a node of a bench's making, as the binary runs it. @module */

import {
  concat,
  Kubelet,
  podWith,
} from "../../integration/agent/identity/kubelet.ts";
import { FakeNvml } from "../../nvml_fake/fake.ts";
import { benchPod, podUid } from "./pods.ts";
import { PodServer } from "./pod_server.ts";
import { Processes } from "./processes.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/** How the node is made. */
export interface BenchNodeOptions {
  readonly gpus: number;
  readonly processes: number;
  readonly v8Flags: readonly string[];
  /**
   * All that a node has: TLS to the API server, pods as large as real ones and 32 besides the workers, a kubelet, the gate,
   * and an address that is scraped. Otherwise plain HTTP, small pods, processes alone.
   */
  readonly whole: boolean;
}

/** Pods without a GPU on a whole node. */
const OTHER_PODS = 32;
/** A first limit, watts. */
export const FIRST_WATTS = 300;

/** A node whose agent runs. */
export class BenchNode implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  #alive = true;

  private constructor(
    readonly options: BenchNodeOptions,
    private readonly parts: {
      readonly stack: AsyncDisposableStack;
      readonly nvml: FakeNvml;
      readonly server: PodServer;
      readonly agent: Deno.ChildProcess;
    },
    /** Monotonic time at which the agent's process began, milliseconds. */
    readonly startedMs: number,
  ) {
    this.#stack = parts.stack;
    parts.agent.status.then(() => this.#alive = false);
  }

  /** Makes the node and starts its agent. */
  static async start(options: BenchNodeOptions): Promise<BenchNode> {
    const { gpus, whole } = options;
    await using stack = new AsyncDisposableStack();
    const nvml = stack.use(await FakeNvml.create(gpus));
    const folder = await Deno.makeTempDir({ prefix: "agent-bench-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const processes = stack.use(
      await Processes.create(
        `${folder}/proc`,
        options.processes,
        Array.from({ length: gpus }, (_, i) => podUid(i)),
      ),
    );
    processes.perGpu.forEach((pids, i) => nvml.setProcesses(i, pids));
    const server = stack.use(await PodServer.start(whole));
    for (let index = 0; index < gpus + (whole ? OTHER_PODS : 0); index++) {
      server.pods[index] = benchPod({
        index,
        whole,
        resourceVersion: "1",
        watts: index < gpus ? FIRST_WATTS : undefined,
      });
    }
    await Deno.writeTextFile(`${folder}/kubeconfig`, server.kubeconfig());
    const kubelet = whole ? stack.use(await Kubelet.start()) : undefined;
    if (kubelet) kubelet.answer = allocations(nvml, gpus);
    const startedMs = performance.now();
    const agent = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", ...options.v8Flags],
        ...[MAIN, "agent", "--node-name", "n1"],
        ...["--safe-default-watts", "500"],
        ...["--kubeconfig", `${folder}/kubeconfig`],
        ...["--proc-root", `${folder}/proc`, "--state-dir", `${folder}/state`],
        ...["--nvml-library", nvml.library, "--log-format", "json"],
        ...["--pod-resources-socket", kubelet?.socket ?? "none"],
        ...["--listen", whole ? "127.0.0.1:0" : "none"],
        ...["--gate-socket", whole ? `${folder}/gate.sock` : "none"],
      ],
      stdout: "inherit",
      stderr: "piped",
    }).spawn();
    const served = Promise.withResolvers<string>();
    readLog(agent.stderr, served.resolve);
    const node = new BenchNode(options, {
      stack: stack.move(),
      nvml,
      server,
      agent,
    }, startedMs);
    if (whole) served.promise.then((url) => node.#scrape(url));
    return node;
  }

  get pid(): number {
    return this.parts.agent.pid;
  }

  get server(): PodServer {
    return this.parts.server;
  }

  /** Passes that the agent has made. */
  get passes(): number {
    return this.parts.nvml.calls(0, "compute");
  }

  limitWatts(gpu: number): number {
    return this.parts.nvml.limitWatts(gpu);
  }

  /** A new version of a worker pod, told to the agent. */
  change(index: number, watts: number): void {
    const { whole } = this.options;
    const resourceVersion = this.server.nextVersion();
    this.server.change(
      index,
      benchPod({ index, watts, whole, resourceVersion }),
    );
  }

  /** Asks as fast as timers allow until something holds: a bench measures how long that takes. */
  async soon(holds: () => boolean): Promise<void> {
    while (!holds()) await this.pause(0);
  }

  /** @throws when the agent has ended */
  async pause(ms: number): Promise<void> {
    if (!this.#alive) throw new Error("The agent has ended.");
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.parts.agent.kill("SIGTERM");
    await this.parts.agent.status;
    await this.#stack[Symbol.asyncDispose]();
  }

  /** A kubelet's probe and a scraper, more often than they are. */
  async #scrape(url: string): Promise<void> {
    while (this.#alive) {
      for (const path of ["/readyz", "/metrics"]) {
        await fetch(`${url}${path}`).then((r) => r.text()).catch(() => {});
      }
      await new Promise((resolve) => {
        Deno.unrefTimer(setTimeout(resolve, 5_000));
      });
    }
  }
}

function allocations(nvml: FakeNvml, gpus: number): Kubelet["answer"] {
  const uuids = Array.from(
    { length: gpus },
    (_, i) => `GPU-0000000${i.toString(16)}-aaaa-bbbb-cccc-dddddddddddd`,
  );
  if (nvml.gpuCount !== gpus) throw new Error("Not as many GPUs as asked.");
  return {
    kind: "reply",
    message: concat(
      ...uuids.map((uuid, i) =>
        podWith("ns", `pod-${i}`, "nvidia.com/gpu", [uuid])
      ),
    ),
  };
}

async function readLog(
  stderr: ReadableStream<Uint8Array>,
  served: (url: string) => void,
): Promise<void> {
  for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) served(`http://127.0.0.1:${port}`);
    if (/"level":"(?:ERROR|error)"/.test(text)) console.error(text);
  }
}
