/**
 * A day of the agent in simulated time: does its heap grow? Prints; judges nothing.
 *
 * `deno run -A --v8-flags=--expose-gc tests/bench/agent_day.ts`: each simulated second a look at the GPUs, every 15 s a pass
 * with its report, every 10 min another pod with another grant on one of eight GPUs.
 *
 * @module
 */

import { CappedShare, essenceOf, reportOf } from "../../agent/report.ts";
import { encodeNodePowerReport } from "../../cluster/mod.ts";
import { granted } from "../unit/agent/situations.ts";
import { World } from "../unit/agent/world.ts";

const GPUS = 8;
const HOUR_S = 3_600;

/** Bytes that are still in use. */
function usedHeap(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return Deno.memoryUsage().heapUsed;
}

const world = new World(GPUS);
const agent = await world.start();
const share = new CappedShare();
let bytes = 0;
let changes = 0;
const used: number[] = [];
for (let second = 0; second < 24 * HOUR_S; second++) {
  if (second % 600 === 0) {
    const gpu = changes++ % GPUS;
    const uid = `pod-${changes}`;
    const gone = world.placed.get(gpu)?.[0];
    world.pods = world.pods.filter((pod) => pod.uid !== gone);
    world.pods.push(granted(uid, "1.1", 300 + changes % 300));
    world.placed.set(gpu, [uid]);
  }
  const differs = await agent.check();
  if (differs || second % 15 === 0) {
    await agent.pass(second % 15 === 0 ? "interval" : "event");
    essenceOf(agent.statuses());
    const report = reportOf(agent.statuses(), {
      nodeName: "n1",
      agentVersion: "0",
      bootId: world.bootId,
      driverSession: "1",
      safeDefaultWatts: 500,
    }, {
      sequence: await agent.options.store.nextSequence() ?? 0,
      observedAt: new Date(second * 1_000),
      share: (status) => share.next(status, second * 1_000),
    });
    bytes += JSON.stringify(encodeNodePowerReport(report)).length;
  }
  await world.clock.advance(1_000);
  if (second % HOUR_S === HOUR_S - 1) used.push(usedHeap());
}
const mib = (value: number) => (value / 2 ** 20).toFixed(2);
console.log(
  `24 simulated hours, ${agent.counts.passes} passes, ${changes} changes of pods, ${
    mib(bytes)
  } MiB of reports: heap after hour 1 ${mib(used[0]!)} MiB, 12 ${
    mib(used[11]!)
  } MiB, 24 ${mib(used[23]!)} MiB`,
);
