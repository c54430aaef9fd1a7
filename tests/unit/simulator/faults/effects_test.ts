/** Every kind of fault does to the truth what its name says. @module */

import assert from "node:assert/strict";
import {
  type Fault,
  FAULT_KINDS,
  SimulatedWorld,
} from "../../../../simulator/mod.ts";
import { worldOptions } from "../truth.ts";
import { gpu, grant, N1, world } from "./struck_world.ts";

const tested = new Set<Fault["kind"]>();

/** Kinds that strike what the planner sees or is: tested where that is. */
const ELSEWHERE: readonly Fault["kind"][] = [
  "api_down",
  "api_slow",
  "write_lost",
  "write_conflict",
  "planner_crash",
  "planner_paused",
  "second_planner",
  "clock_jump",
  "budget",
  "prometheus_down",
  "prometheus_stale",
  "prometheus_nan",
  "prometheus_lies",
  "model_raises",
  "model_infeasible",
  "frontend_refuses",
];

/** A test of one kind; the world is as its nodes' grants have left it after half a minute. */
function fault(
  kind: Fault["kind"],
  does: string,
  check: () => void,
): void {
  tested.add(kind);
  Deno.test(`${kind}: ${does}`, check);
}

Deno.test("without faults a granted pod runs under its grant", () => {
  const quiet = world([]);
  assert.equal(gpu(quiet).limitWatts, 300);
  assert.equal(quiet.limitWatts(), 600);
  assert.equal(quiet.ready("prefill"), 1);
});

fault("agent_down", "a newer grant waits for its end", () => {
  const struck = world([
    { kind: "agent_down", atMs: 30_000, durationMs: 20_000, ...N1 },
  ]);
  struck.advance(1_000);
  grant(struck, gpu(struck).podUid!, 400, 2);
  struck.advance(15_000);
  assert.equal(gpu(struck).limitWatts, 300);
  struck.advance(10_000);
  assert.equal(gpu(struck).limitWatts, 400);
});

fault("agent_cut_off", "caps stand, nothing is heard, nothing is said", () => {
  const struck = world([
    { kind: "agent_cut_off", atMs: 30_000, durationMs: 60_000, ...N1 },
  ]);
  struck.advance(1_000);
  const { sequence } = struck.api.report("n1")!;
  grant(struck, gpu(struck).podUid!, 400, 2);
  struck.advance(50_000);
  assert.equal(gpu(struck).limitWatts, 300);
  assert.equal(struck.api.report("n1")!.sequence, sequence);
  struck.advance(20_000);
  assert.equal(gpu(struck).limitWatts, 400);
});

fault(
  "devices_freed_early",
  "a pod that goes keeps its cap until its last process has ended",
  () => {
    const struck = world([
      {
        kind: "devices_freed_early",
        atMs: 30_000,
        durationMs: 60_000,
        ...N1,
      },
    ], { delays: { graceMs: 20_000 } });
    const uid = gpu(struck).podUid!;
    const told = () =>
      struck.api.report("n1")!.gpus.find(({ uuid }) =>
        uuid === gpu(struck).uuid
      )!;
    struck.api.setScaler("prefill", 0);
    struck.advance(12_000);
    assert(struck.nodes[0]!.running.has(uid));
    assert.equal(gpu(struck).limitWatts, 300);
    assert.equal(told().occupancy, "unknown");
    assert.equal(told().pod?.uid, uid);
    struck.advance(20_000);
    assert(!struck.nodes[0]!.running.has(uid));
    assert.equal(gpu(struck).limitWatts, 700);
    assert.equal(told().occupancy, "free");
  },
);

fault(
  "node_silent",
  "pods run on, are evicted, and end when it is back",
  () => {
    const struck = world([
      { kind: "node_silent", atMs: 30_000, durationMs: 100_000, ...N1 },
    ], { delays: { evictMs: 60_000, graceMs: 5_000, loadMs: 10_000 } });
    const uid = gpu(struck).podUid!;
    struck.advance(80_000);
    assert.equal(struck.api.pod(uid)?.pod.terminating, true);
    assert(struck.nodes[0]!.running.has(uid));
    struck.advance(40_000);
    assert.equal(struck.api.pod(uid), undefined);
    assert(!struck.nodes[0]!.running.has(uid));
  },
);

fault(
  "node_reboot",
  "limits are at default, pods in the gate, the record holds",
  () => {
    const struck = world([
      { kind: "node_reboot", atMs: 30_000, downMs: 20_000, ...N1 },
    ]);
    const uid = gpu(struck).podUid!;
    const before = struck.nodes[0]!.bootId;
    struck.advance(10_000);
    assert.equal(struck.nodes[0]!.running.size, 0);
    assert.equal(struck.limitWatts(), 0);
    struck.advance(20_000);
    assert.notEqual(struck.nodes[0]!.bootId, before);
    assert(struck.nodes[0]!.running.has(uid));
    assert.equal(gpu(struck).limitWatts, 300);
  },
);

Deno.test("node_reboot: at the moment of the boot the default stands, and nobody draws it", () => {
  const made = world([]);
  made.nodes[0]!.reboot();
  assert.equal(gpu(made).limitWatts, 700);
  assert.equal(made.nodes[0]!.running.size, 0);
});

fault(
  "node_lost",
  "nothing runs; with the taint its pods' objects go at once",
  () => {
    const lost = { kind: "node_lost", atMs: 30_000, ...N1 } as const;
    const struck = world([lost]);
    const uid = gpu(struck).podUid!;
    struck.advance(5_000);
    assert.equal(struck.nodes[0]!.running.size, 0);
    assert(struck.api.pod(uid));
    const declared = world([{ ...lost, outOfService: true }]);
    declared.advance(5_000);
    assert.equal(declared.api.pod(uid), undefined);
    assert.deepEqual(declared.faults.outOfServiceNodes(), ["n1"]);
  },
);

fault(
  "gpu_reset",
  "the limit is lost and the worker passes its gate again",
  () => {
    const struck = world([]);
    const uid = gpu(struck).podUid!;
    struck.nodes[0]!.resetGpu(0);
    assert.equal(gpu(struck).limitWatts, 700);
    assert(!struck.nodes[0]!.running.has(uid));
    const later = world([{ kind: "gpu_reset", atMs: 30_000, gpu: 0, ...N1 }]);
    later.advance(2_000);
    assert.equal(gpu(later).limitWatts, 300);
  },
);

fault("gpu_thermal", "the hardware holds itself below its limit", () => {
  const struck = world([
    { kind: "gpu_thermal", atMs: 30_000, gpu: 0, share: 0.3, ...N1 },
  ]);
  struck.advance(11_000);
  assert.equal(struck.nodes[0]!.enforcedWatts(gpu(struck)), 210);
  const [report] = struck.api.report("n1")!.gpus;
  assert.deepEqual([report?.limitWatts, report?.effectiveWatts], [300, 210]);
  assert(gpu(struck).drawWatts <= 210);
});

fault("nvml_refuses", "the limit stays, and the report says so", () => {
  const struck = world([
    { kind: "nvml_refuses", atMs: 30_000, durationMs: 20_000, ...N1 },
  ]);
  struck.advance(1_000);
  grant(struck, gpu(struck).podUid!, 250, 2);
  struck.advance(10_000);
  const [report] = struck.api.report("n1")!.gpus;
  assert.deepEqual([report?.limitWatts, report?.state], [300, "refused"]);
  assert.deepEqual(report?.appliedGeneration, { epoch: 1, sequence: 1 });
  struck.advance(20_000);
  assert.equal(gpu(struck).limitWatts, 250);
});

fault(
  "nvml_clamps",
  "the device takes something else, and it is not confirmed",
  () => {
    const struck = world([
      { kind: "nvml_clamps", atMs: 30_000, minWatts: 280, ...N1 },
    ]);
    struck.advance(1_000);
    grant(struck, gpu(struck).podUid!, 250, 2);
    struck.advance(10_000);
    const [report] = struck.api.report("n1")!.gpus;
    assert.equal(report?.limitWatts, 280);
    assert.deepEqual(report?.appliedGeneration, { epoch: 1, sequence: 1 });
  },
);

fault(
  "foreign_limit",
  "root's limit is undone, and its excess is no claim of ours",
  () => {
    const struck = world([
      { kind: "foreign_limit", atMs: 30_500, gpu: 0, watts: 650, ...N1 },
      { kind: "agent_down", atMs: 30_000, durationMs: 5_000, ...N1 },
    ]);
    struck.advance(2_000);
    assert.equal(gpu(struck).limitWatts, 650);
    assert.equal(struck.limitWatts(), 600);
    struck.advance(6_000);
    assert.equal(gpu(struck).limitWatts, 300);
  },
);

fault(
  "record_lost",
  "the agent rebuilds its ownership from its last report",
  () => {
    const struck = world([{ kind: "record_lost", atMs: 30_000, ...N1 }]);
    struck.advance(500);
    assert.equal(gpu(struck).entry, undefined);
    assert.equal(gpu(struck).limitWatts, 300);
    struck.advance(5_000);
    assert.equal(gpu(struck).entry?.applied?.owners[0]?.watts, 300);
  },
);

fault(
  "foreign_annotation",
  "the annotation is there, and the limit is not moved",
  () => {
    const struck = world([{
      kind: "foreign_annotation",
      atMs: 30_000,
      side: "prefill",
      index: 0,
      limit: "650",
    }]);
    struck.advance(3_000);
    assert.equal(struck.api.pod(gpu(struck).podUid!)?.pod.powerLimit, "650");
    assert.equal(gpu(struck).limitWatts, 300);
  },
);

fault("watch_lag", "what happens is seen later", () => {
  const struck = world([
    { kind: "watch_lag", atMs: 30_000, who: "planner", lagMs: 8_000 },
  ]);
  const view = struck.watch();
  struck.api.setScaler("prefill", 2);
  struck.advance(5_000);
  assert.equal(view.pods().length, 2);
  assert.equal(struck.api.pods().length, 3);
  struck.advance(6_000);
  assert.equal(view.pods().length, 3);
});

fault(
  "watch_frozen",
  "nothing is seen until it ends, by whom it concerns",
  () => {
    const struck = world([
      { kind: "watch_frozen", atMs: 30_000, durationMs: 60_000, who: "n1" },
    ]);
    const view = struck.watch();
    struck.advance(1_000);
    grant(struck, gpu(struck).podUid!, 400, 2);
    struck.advance(50_000);
    assert.equal(gpu(struck).limitWatts, 300);
    assert(view.pods().some(({ pod }) => pod.powerLimit === "400"));
    struck.advance(15_000);
    assert.equal(gpu(struck).limitWatts, 400);
  },
);

fault(
  "report_deleted",
  "the report is gone until its agent writes the next one",
  () => {
    const struck = world([{ kind: "report_deleted", atMs: 31_000, ...N1 }]);
    const { sequence } = struck.api.report("n1")!;
    const view = struck.watch();
    struck.advance(1_500);
    assert.equal(struck.api.report("n1"), undefined);
    assert(!view.reports().some(({ nodeName }) => nodeName === "n1"));
    struck.advance(12_000);
    assert(struck.api.report("n1")!.sequence > sequence);
  },
);

fault("forbidden", "reports that may not be written are not there", () => {
  const struck = world([
    { kind: "forbidden", atMs: 30_000, what: "report" },
  ]);
  struck.advance(1_000);
  const { sequence } = struck.api.report("n1")!;
  struck.advance(30_000);
  assert.equal(struck.api.report("n1")!.sequence, sequence);
});

fault("pod_killed", "the container starts again and loads anew", () => {
  const struck = world([
    { kind: "pod_killed", atMs: 30_000, side: "prefill", index: 0 },
  ]);
  const uid = gpu(struck).podUid!;
  struck.advance(3_000);
  assert(struck.nodes[0]!.running.has(uid));
  assert.equal(struck.ready("prefill"), 0);
  struck.advance(10_000);
  assert.equal(struck.ready("prefill"), 1);
});

fault(
  "pod_evicted",
  "it goes after its grace period, and another one comes",
  () => {
    const struck = world([
      { kind: "pod_evicted", atMs: 30_000, side: "prefill", index: 0 },
    ]);
    const uid = gpu(struck).podUid!;
    struck.advance(2_000);
    assert.equal(struck.api.pod(uid)?.pod.terminating, true);
    assert.equal(struck.api.pods().length, 3);
    struck.advance(8_000);
    assert.equal(struck.api.pod(uid), undefined);
  },
);

fault("pod_force_deleted", "the object goes at once, the process later", () => {
  const struck = world([
    { kind: "pod_force_deleted", atMs: 30_000, side: "prefill", index: 0 },
  ]);
  const uid = gpu(struck).podUid!;
  struck.advance(2_000);
  assert.equal(struck.api.pod(uid), undefined);
  assert(struck.nodes[0]!.running.has(uid));
  struck.advance(6_000);
  assert(!struck.nodes[0]!.running.has(uid));
});

fault("foreign_scale", "somebody else sets the replicas", () => {
  const struck = world([
    { kind: "foreign_scale", atMs: 30_000, side: "decode", replicas: 3 },
  ]);
  struck.advance(2_000);
  assert.equal(struck.api.scaler("decode")?.replicas, 3);
  assert.equal(
    struck.api.pods().filter(({ side }) => side === "decode").length,
    3,
  );
});

fault(
  "rollout",
  "a surge pod first, the old one once the new one serves",
  () => {
    const struck = world([
      { kind: "rollout", atMs: 30_000, side: "prefill" },
    ]);
    const old = gpu(struck).podUid!;
    struck.advance(6_000);
    const pods = struck.api.pods().filter(({ side }) => side === "prefill");
    assert.equal(pods.length, 2);
    grant(struck, pods[1]!.pod.uid, 300, 1);
    struck.advance(30_000);
    const now = struck.api.pods().filter(({ side }) => side === "prefill");
    assert.deepEqual(now.map(({ pod }) => pod.uid === old), [false]);
  },
);

fault("batched_tokens_unknown", "engines do not say their limit", () => {
  const struck = world([{ kind: "batched_tokens_unknown", atMs: 31_000 }]);
  assert(struck.measure().live.engines.every((one) => one.maxBatchedTokens));
  struck.advance(2_000);
  const { engines } = struck.measure().live;
  assert(engines.length > 0);
  assert(engines.every((one) => one.maxBatchedTokens === undefined));
});

fault("bias", "engines are slower and draw more than their model says", () => {
  const from = { kind: "bias", atMs: 30_000 } as const;
  const plain = world([]);
  const struck = world([
    { ...from, signal: "itl", value: 1.5 },
    { ...from, signal: "power_decode", value: 0.6 },
    { ...from, signal: "ttft", value: 2 },
  ]);
  for (const one of [plain, struck]) {
    one.advance(5_000);
    one.measure();
    one.advance(20_000);
  }
  const [usual, biased] = [plain.measure().live, struck.measure().live];
  const ratio = (name: "itlMs" | "ttftMs") => biased[name]! / usual[name]!;
  assert(ratio("itlMs") > 1.25, `${ratio("itlMs")}`);
  assert(ratio("ttftMs") > 1.8, `${ratio("ttftMs")}`);
  assert.equal(biased.drawWatts.decode, 240);
});

fault("traffic", "more arrives", () => {
  const struck = world([{ kind: "traffic", atMs: 30_000, factor: 3 }]);
  struck.measure();
  struck.advance(10_000);
  assert.equal(struck.measure().requests, 60);
});

fault(
  "warmup_draw",
  "warming up draws its share, as far as the limit lets it",
  () => {
    const open = (faults: readonly Fault[]) => {
      const made = new SimulatedWorld(worldOptions({ gated: false, faults }));
      made.advance(5_000);
      return gpu(made).drawWatts;
    };
    assert.equal(open([]), 490);
    assert.equal(open([{ kind: "warmup_draw", atMs: 0, share: 0.9 }]), 630);
  },
);

Deno.test("every kind of fault is tested here or where it strikes", () => {
  const known = new Set([...tested, ...ELSEWHERE]);
  assert.deepEqual(FAULT_KINDS.filter((kind) => !known.has(kind)), []);
});
