/**
 * The agent's figures: RSS, CPU a pass, annotation → limit, start → first cap, growth. Prints; judges nothing.
 *
 * `deno run -A tests/bench/agent_figures.ts`: needs `cc` and `openssl`. Pods come from a small API server in this process,
 * GPUs from the fake library, processes are real ones in made-up cgroups; the agent is a process of its own, as it runs on
 * a node, with the V8 flags of the binary: on a whole node, on one with next to nothing, and there once more without
 * flags.
 *
 * @module
 */

import { V8_FLAGS } from "../../agent/compile.ts";
import { annotated } from "../unit/agent/situations.ts";
import { World } from "../unit/agent/world.ts";
import { cpuMsOf, residentOf, residentText } from "./agent_node/memory.ts";
import {
  BenchNode,
  type BenchNodeOptions,
  FIRST_WATTS,
} from "./agent_node/node.ts";

const GPUS = 8;
const PROCESSES = 200;
const CHANGES = 300;

const quantile = (values: number[], q: number) =>
  values.sort((a, b) => a - b)[Math.floor(values.length * q)]!;

/** One agent's life. */
export async function measure(
  options: Pick<BenchNodeOptions, "v8Flags" | "whole">,
  look: (moment: string, pid: number) => void = () => {},
): Promise<void> {
  await using node = await BenchNode.start({
    ...options,
    gpus: GPUS,
    processes: PROCESSES,
  });
  const resident = (moment: string) => {
    look(moment, node.pid);
    return residentText(residentOf(node.pid));
  };
  await node.soon(() => node.limitWatts(0) === FIRST_WATTS);
  const startMs = performance.now() - node.startedMs;
  console.log(`start → first cap: ${startMs.toFixed(0)} ms`);
  await node.soon(() => node.limitWatts(GPUS - 1) === FIRST_WATTS);
  await node.soon(() => node.server.watches > 0);
  await node.pause(15_000);
  console.log(`RSS at rest: ${resident("rest")}`);
  const latencies: number[] = [];
  for (let n = 0; n < CHANGES; n++) {
    const gpu = n % GPUS;
    const watts = FIRST_WATTS + 10 + n;
    const sentMs = performance.now();
    node.change(gpu, watts);
    await node.soon(() => node.limitWatts(gpu) === watts);
    latencies.push(performance.now() - sentMs);
  }
  console.log(
    `annotation event → limit written, ${CHANGES} changes: p50 ${
      quantile(latencies, 0.5).toFixed(1)
    } ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms, max ${
      Math.max(...latencies).toFixed(1)
    } ms`,
  );
  console.log(`RSS after ${CHANGES} changes of caps: ${resident("changes")}`);
  const storm = async (what: string) => {
    const [cpuBefore, passesBefore] = [cpuMsOf(node.pid), node.passes];
    for (let n = 0; n < 600; n++) {
      node.change(0, FIRST_WATTS + 10);
      await node.pause(25);
    }
    const passes = node.passes - passesBefore;
    console.log(
      `${what}: ${
        ((cpuMsOf(node.pid) - cpuBefore) / passes).toFixed(2)
      } ms CPU a pass over ${passes} passes, RSS ${resident(what)}`,
    );
  };
  await storm("600 events that change nothing");
  await storm("600 more");
  await node.pause(30_000);
  console.log(`30 s later: RSS ${resident("later")}`);
  if (options.whole) console.log(`${node.server.reports} reports taken`);
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
  console.log(`\nA whole node, as the binary runs (${V8_FLAGS}):`);
  await measure({ v8Flags: [V8_FLAGS], whole: true });
  console.log("\nPlain HTTP and processes alone, as the binary runs:");
  await measure({ v8Flags: [V8_FLAGS], whole: false });
  console.log("\nThe same without V8 flags (`deno run -A main.ts agent`):");
  await measure({ v8Flags: [], whole: false });
  console.log();
  await measureLargeNode();
}
