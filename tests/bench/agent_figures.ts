/**
 * The agent's figures: RSS, CPU a pass, annotation → limit, start → first cap, growth. Prints; judges nothing.
 *
 * `deno run -A tests/bench/agent_figures.ts`: needs `cc`. Pods come from a small API server in this process, GPUs from the
 * fake library, processes are real ones in made-up cgroups; the agent is a process of its own, as it runs on a node, with
 * the V8 flags of the binary, and once more without.
 *
 * @module
 */

import { V8_FLAGS } from "../../agent/compile.ts";
import { FakeNvml } from "../nvml_fake/fake.ts";
import { annotated } from "../unit/agent/situations.ts";
import { World } from "../unit/agent/world.ts";

const GPUS = 8;
const PROCESSES = 200;
const CHANGES = 300;

interface PodObject {
  metadata: Record<string, unknown> & {
    uid: string;
    resourceVersion: string;
    annotations: Record<string, string>;
  };
  [key: string]: unknown;
}

/** UID of the pod on GPU `i`. */
const uidOf = (i: number) => `0000000${i}-1111-4222-8333-444444444444`;

function podObject(i: number, watts: number, version: number): PodObject {
  return {
    metadata: {
      namespace: "ns",
      name: `pod-${i}`,
      uid: uidOf(i),
      resourceVersion: String(version),
      annotations: { "dynamo.nvidia.com/gpu-power-limit": String(watts) },
    },
    spec: {
      nodeName: "n1",
      containers: [{
        name: "main",
        resources: { limits: { "nvidia.com/gpu": "1" } },
      }],
    },
    status: { phase: "Running" },
  };
}

/** A `/proc` with processes in pods' cgroups, 25 a GPU. The processes are real, so that `stat` costs what it costs. */
class Processes implements AsyncDisposable {
  readonly perGpu: number[][] = Array.from({ length: GPUS }, () => []);
  readonly #children: Deno.ChildProcess[] = [];

  static async create(folder: string): Promise<Processes> {
    const all = new Processes();
    await Deno.mkdir(`${folder}/sys/kernel/random`, { recursive: true });
    await Deno.writeTextFile(`${folder}/sys/kernel/random/boot_id`, "boot\n");
    // Long after the processes have begun: young ones prove nothing.
    await Deno.writeTextFile(`${folder}/uptime`, "100000000.00 1.00\n");
    for (let n = 0; n < PROCESSES; n++) {
      const child = new Deno.Command("sleep", { args: ["600"] }).spawn();
      all.#children.push(child);
      const gpu = n % GPUS;
      all.perGpu[gpu]!.push(child.pid);
      await Deno.mkdir(`${folder}/${child.pid}`);
      for (const name of ["stat", "oom_score_adj"]) {
        await Deno.symlink(
          `/proc/${child.pid}/${name}`,
          `${folder}/${child.pid}/${name}`,
        );
      }
      await Deno.writeTextFile(
        `${folder}/${child.pid}/cgroup`,
        `0::/kubepods.slice/kubepods-pod${
          uidOf(gpu).replaceAll("-", "_")
        }.slice/cri-containerd-${"a".repeat(64)}.scope\n`,
      );
    }
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await child.status;
    }
  }
}

const quantile = (values: number[], q: number) =>
  values.sort((a, b) =>
    a - b
  )[Math.min(values.length - 1, Math.floor(values.length * q))]!;

/** One agent's life. */
async function measure(v8Flags: readonly string[]): Promise<void> {
  using fake = await FakeNvml.create(GPUS);
  const folder = await Deno.makeTempDir({ prefix: "agent-bench-" });
  await using processes = await Processes.create(`${folder}/proc`);
  processes.perGpu.forEach((pids, i) => fake.setProcesses(i, pids));
  const pods = Array.from({ length: GPUS }, (_, i) => podObject(i, 300, 1));
  let version = 1;
  const watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const send = (type: string, object: unknown) => {
    const line = new TextEncoder().encode(
      `${JSON.stringify({ type, object })}\n`,
    );
    for (const watcher of watchers) {
      try {
        watcher.enqueue(line);
      } catch {
        watchers.delete(watcher);
      }
    }
  };
  const api = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      if (!new URL(request.url).searchParams.has("watch")) {
        return Response.json({
          apiVersion: "v1",
          kind: "PodList",
          metadata: { resourceVersion: String(version) },
          items: pods,
        });
      }
      let mine: ReadableStreamDefaultController<Uint8Array>;
      return new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => void watchers.add(mine = controller),
          cancel: () => void watchers.delete(mine),
        }),
        { headers: { "content-type": "application/json" } },
      );
    },
  );
  await Deno.writeTextFile(
    `${folder}/kubeconfig`,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
      clusters: [{
        name: "k",
        cluster: { server: `http://127.0.0.1:${api.addr.port}` },
      }],
      users: [{ name: "u", user: { token: "t" } }],
    }),
  );
  const startedMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...[
        "run",
        "-A",
        "--quiet",
        "--no-check",
        ...v8Flags,
      ],
      ...[new URL("../../main.ts", import.meta.url).pathname, "agent"],
      ...[
        "--node-name",
        "n1",
        "--safe-default-watts",
        "500",
        "--log-level",
        "error",
      ],
      ...[
        "--kubeconfig",
        `${folder}/kubeconfig`,
        "--pod-resources-socket",
        "none",
      ],
      ...["--proc-root", `${folder}/proc`, "--state-dir", `${folder}/state`],
      ...[
        "--nvml-library",
        fake.library,
        "--listen",
        "none",
        "--gate-socket",
        "none",
      ],
    ],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  let alive = true;
  child.status.then(() => alive = false);
  const pause = () => {
    if (!alive) throw new Error("The agent has ended.");
    return new Promise((resolve) => setTimeout(resolve, 0));
  };
  while (fake.limitWatts(0) !== 300) await pause();
  console.log(
    `start → first cap: ${(performance.now() - startedMs).toFixed(0)} ms`,
  );
  const cpu = () => {
    const stat = Deno.readTextFileSync(`/proc/${child.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  };
  const rss = () =>
    Number(
      /VmRSS:\s+(\d+)/.exec(
        Deno.readTextFileSync(`/proc/${child.pid}/status`),
      )![1],
    ) / 1024;
  while (fake.limitWatts(GPUS - 1) !== 300) await pause();
  while (watchers.size === 0) await pause();
  const latencies: number[] = [];
  for (let n = 0; n < CHANGES; n++) {
    const i = n % GPUS;
    const watts = 310 + n;
    pods[i] = podObject(i, watts, ++version);
    const sentMs = performance.now();
    send("MODIFIED", pods[i]);
    while (fake.limitWatts(i) !== watts) await pause();
    latencies.push(performance.now() - sentMs);
  }
  console.log(
    `annotation event → limit written, ${CHANGES} changes: p50 ${
      quantile(latencies, 0.5).toFixed(1)
    } ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms, max ${
      Math.max(...latencies).toFixed(1)
    } ms`,
  );
  const passes = () => fake.calls(0, "compute");
  /** CPU of the agent a pass while something happens, milliseconds. */
  const during = async (what: string, happen: () => Promise<void>) => {
    const [cpuBefore, passesBefore] = [cpu(), passes()];
    await happen();
    const made = passes() - passesBefore;
    console.log(
      `${what}: ${
        ((cpu() - cpuBefore) / made).toFixed(2)
      } ms CPU a pass over ${made} passes, RSS ${rss().toFixed(1)} MiB`,
    );
  };
  const storm = async () => {
    for (let n = 0; n < 600; n++) {
      pods[0] = podObject(0, 310, ++version);
      send("MODIFIED", pods[0]);
      await new Promise((resolve) => setTimeout(resolve, 25));
      await pause();
    }
  };
  console.log(
    `RSS after ${CHANGES} changes of caps: ${rss().toFixed(1)} MiB`,
  );
  await during("600 events that change nothing", storm);
  await during("600 more", storm);
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  console.log(`30 s later: RSS ${rss().toFixed(1)} MiB`);
  child.kill("SIGTERM");
  await child.status;
  for (const watcher of watchers) watcher.close();
  await api.shutdown();
  await Deno.remove(folder, { recursive: true });
}

/** Decisions over many GPUs and pods, in this process: a pass of the reconciler over simulated devices. */
async function measureLargeNode(): Promise<void> {
  const world = new World(64);
  world.pods = Array.from({ length: 256 }, (_, i) => annotated(`p${i}`, "300"));
  for (let i = 0; i < 64; i++) {
    world.placed.set(i, [0, 1, 2, 3].map((k) => `p${4 * i + k}`));
  }
  const agent = await world.start();
  for (let n = 0; n < 50; n++) await agent.pass("interval");
  const startedMs = performance.now();
  for (let n = 0; n < 100; n++) await agent.pass("interval");
  const ms = (performance.now() - startedMs) / 100;
  console.log(
    `64 GPUs × 256 pods, decisions and record alone: ${
      ms.toFixed(2)
    } ms a pass`,
  );
}

if (import.meta.main) {
  console.log("The reference: about 80 MiB, a poll every 15 s.");
  console.log(`\nAs the binary runs (${V8_FLAGS}):`);
  await measure([V8_FLAGS]);
  console.log("\nWithout V8 flags (`deno run -A main.ts agent`):");
  await measure([]);
  console.log();
  await measureLargeNode();
}
