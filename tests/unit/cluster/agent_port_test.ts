import { deepStrictEqual } from "node:assert";
import type { Clock, PodView } from "../../../agent/ports.ts";
import { ApiTransport, NodePodView, realClock } from "../../../cluster/mod.ts";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("the pod view and both clocks fit the agent's ports", () => {
  const clocks: Clock[] = [realClock, new VirtualClock()];
  using transport = new ApiTransport(() => Promise.reject(new Error("unused")));
  const views: PodView[] = clocks.map((clock) =>
    new NodePodView("node-a", { transport, clock, random: Math.random })
  );
  for (const view of views) {
    deepStrictEqual(view.snapshot(), {
      pods: [],
      freshness: { kind: "empty" },
      consistent: false,
    });
  }
});

Deno.test("a sleep ends with its time or with its signal", async () => {
  await realClock.sleep(0);
  const stop = new AbortController();
  const sleeping = realClock.sleep(1e6, stop.signal);
  stop.abort();
  await sleeping;
  await realClock.sleep(1e6, stop.signal);
});
