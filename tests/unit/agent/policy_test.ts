/** The cap table of `SPEC.md` §9 and the agent's rules C18–C27, row by row. @module */

import assert from "node:assert/strict";
import { vacated } from "../../../agent/free.ts";
import { decide } from "../../../agent/policy.ts";
import type { Decision } from "../../../agent/situation.ts";
import {
  annotated,
  applied,
  CONFIG,
  granted,
  on,
  owner,
  pod,
  situation,
} from "./situations.ts";

function cap(decision: Decision): number {
  assert.equal(decision.kind, "cap", JSON.stringify(decision));
  return decision.kind === "cap" ? decision.watts : NaN;
}

Deno.test("decide() gives one pod what its annotation says", () => {
  assert.equal(cap(decide(situation([annotated("a", "300")]), CONFIG)), 300);
});

Deno.test("decide() follows several equal pods and notes it", () => {
  const decision = decide(
    situation([annotated("a", "300"), annotated("b", "300")]),
    CONFIG,
  );
  assert.equal(cap(decision), 300);
  assert.deepEqual(decision.notes, ["multi_pod_agree"]);
});

Deno.test("decide() takes the lowest of different caps and the safe default", () => {
  const rows = [
    [["300", "350"], 300],
    [["600", "650"], 500],
    [["600", "garbage"], 500],
    [["300", "garbage"], 300],
    [["garbage", ""], 500],
  ] as const;
  for (const [values, watts] of rows) {
    const pods = values.map((value, i) => annotated(`p${i}`, value));
    const decision = decide(situation(pods), CONFIG);
    assert.equal(cap(decision), watts, values.join());
    assert.ok(decision.notes.includes("multi_pod_conflict"));
  }
});

Deno.test("decide() gives upstream's safe default when told to", () => {
  const pods = [annotated("a", "300"), annotated("b", "350")];
  const config = { ...CONFIG, conflictPolicy: "safe-default" as const };
  assert.equal(cap(decide(situation(pods), config)), 500);
});

Deno.test("decide() never follows an annotation that is not plain watts", () => {
  const values = [
    ...["", " ", "0", "-1", "+480", " 480", "480 ", "4_80", "1e3", "300W"],
    ...["300.5", "0x12c", "٣٠٠", "３００", "0300", "NaN", "Infinity", "null"],
    ...[
      "999999999999999999999",
      "1000000",
      "300\n",
      "300,400",
      "3".repeat(1e5),
    ],
  ];
  for (const value of values) {
    const decision = decide(situation([annotated("a", value)]), CONFIG);
    assert.equal(cap(decision), 500, JSON.stringify(value.slice(0, 20)));
    assert.deepEqual(decision.notes, ["unusable", "safe_default"]);
    assert.ok(decision.reason.length < 300);
  }
});

Deno.test("decide() keeps a cap of ours when the value becomes unusable", () => {
  const decision = decide(
    situation([annotated("a", "garbage")], { entry: applied([owner("a")]) }),
    CONFIG,
  );
  assert.equal(decision.kind, "keep");
  assert.deepEqual(decision.notes, ["unusable"]);
});

Deno.test("decide() never raises by the safe default", () => {
  const low = situation([annotated("a", "x")], {
    limits: {
      managementWatts: 400,
      enforcedWatts: 400,
      defaultWatts: 700,
      minWatts: 200,
      maxWatts: 700,
    },
  });
  assert.equal(cap(decide(low, CONFIG)), 400);
});

Deno.test("decide() leaves pods alone that never asked", () => {
  assert.equal(decide(situation([pod("a")]), CONFIG).kind, "untouched");
});

Deno.test("decide() clamps into the device's range and says which way", () => {
  const low = decide(situation([annotated("a", "100")]), CONFIG);
  assert.equal(cap(low), 200);
  assert.deepEqual(low.notes, ["clamped_min"]);
  assert.equal(low.requestedWatts, 100);
  const high = decide(situation([annotated("a", "900")]), CONFIG);
  assert.equal(cap(high), 700);
  assert.deepEqual(high.notes, ["clamped_max"]);
  for (const bound of ["200", "700"]) {
    const exact = decide(situation([annotated("a", bound)]), CONFIG);
    assert.deepEqual(exact.notes, []);
  }
});

Deno.test("decide() writes nothing when the range cannot be read", () => {
  const blind = situation([annotated("a", "300")], {
    limits: {
      managementWatts: 700,
      enforcedWatts: undefined,
      defaultWatts: undefined,
      minWatts: undefined,
      maxWatts: undefined,
    },
  });
  assert.equal(decide(blind, CONFIG).kind, "refuse");
});

Deno.test("C18: a grant is applied when everything agrees", () => {
  const decision = decide(situation([granted("a", "5.3", 350)]), CONFIG);
  assert.equal(cap(decision), 350);
  assert.deepEqual(decision.kind === "cap" && decision.owners[0]?.generation, {
    epoch: 5,
    sequence: 3,
  });
});

Deno.test("C18: a grant that does not agree leaves the limit alone", () => {
  const wrong = {
    "another pod's": granted("a", "5.3", 350, {
      powerGrant: "v1 b 5.3 350 350",
    }),
    "other watts": granted("a", "5.3", 350, { powerLimit: "400" }),
    "no limit": granted("a", "5.3", 350, { powerLimit: undefined }),
    "no grant": granted("a", "5.3", 350, { powerGrant: undefined }),
    "malformed": granted("a", "5.3", 350, { powerGrant: "v1 a 5.3 350" }),
    "version": granted("a", "5.3", 350, { powerGrant: "v2 a 5.3 350 350" }),
    "claim with a limit": granted("a", "5.3", 0, { powerLimit: "700" }),
    "claim": granted("a", "5.3", 0),
  };
  for (const [name, one] of Object.entries(wrong)) {
    assert.equal(decide(situation([one]), CONFIG).kind, "untouched", name);
    const entry = applied([owner("a", {
      generation: { epoch: 5, sequence: 2 },
      gated: true,
    })]);
    const kept = decide(situation([one], { entry }), CONFIG);
    assert.equal(kept.kind, "keep", name);
  }
});

Deno.test("C18: an older or equal generation is never applied", () => {
  const entry = applied([owner("a", {
    generation: { epoch: 5, sequence: 10 },
    gated: true,
  })]);
  for (const generation of ["5.10", "5.9", "4.99", "5.2"]) {
    const one = granted("a", generation, 600);
    assert.equal(decide(situation([one], { entry }), CONFIG).kind, "keep");
  }
  for (const generation of ["5.11", "6.0", "6.1", "10.0"]) {
    const one = granted("a", generation, 600);
    assert.equal(cap(decide(situation([one], { entry }), CONFIG)), 600);
  }
});

Deno.test("C18: the record of another UID bars nothing", () => {
  const entry = applied([owner("old", {
    generation: { epoch: 9, sequence: 9 },
    gated: true,
  })]);
  const one = granted("new", "5.1", 400);
  assert.equal(cap(decide(situation([one], { entry }), CONFIG)), 400);
});

Deno.test("C18: only the kubelet's word places a granted pod", () => {
  const one = granted("a", "5.3", 350);
  const attribution = {
    kind: "pods" as const,
    pods: [{
      uid: "a",
      namespace: "ns",
      name: "a",
      evidence: "processes" as const,
    }],
  };
  const decision = decide(situation([one], { attribution }), CONFIG);
  assert.equal(decision.kind, "untouched");
});

Deno.test("a gated pod without grant keeps what is there, however long", () => {
  const waiting = pod("a", { gated: true });
  assert.equal(decide(situation([waiting]), CONFIG).kind, "untouched");
  const entry = applied([], { cause: "prearm" });
  assert.equal(decide(situation([waiting], { entry }), CONFIG).kind, "keep");
});

Deno.test("a pod once granted is moved by grants alone, gate or not", () => {
  const entry = applied([
    owner("a", { generation: { epoch: 1, sequence: 1 } }),
  ]);
  const foreign = annotated("a", "700");
  assert.equal(decide(situation([foreign], { entry }), CONFIG).kind, "keep");
});

Deno.test("C22: a lost record writes nothing before a consistent list", () => {
  const before = situation([granted("a", "5.3", 350)], {
    recordIntact: false,
    view: { freshness: { kind: "fresh", ageMs: 0 }, consistent: false },
    entry: applied([owner("a")]),
  });
  assert.equal(decide(before, CONFIG).kind, "untouched");
  assert.equal(decide(before, CONFIG).occupancy, "unknown");
  const after = { ...before, view: { ...before.view, consistent: true } };
  assert.equal(cap(decide(after, CONFIG)), 350);
});

Deno.test("C23: unknown never writes, raises, releases or says free", () => {
  const entry = applied([owner("a")]);
  const unknowns = [
    situation([], {
      attribution: { kind: "unknown", reason: "The kubelet is silent." },
      entry,
      vacatedLongEnough: true,
    }),
    situation([], {
      attribution: on(pod("ghost")),
      entry,
      vacatedLongEnough: true,
    }),
    situation([annotated("a", "600")], {
      view: { freshness: { kind: "empty" }, consistent: false },
      entry,
    }),
  ];
  for (const one of unknowns) {
    const decision = decide(one, CONFIG);
    assert.equal(decision.kind, "keep");
    assert.equal(decision.kind === "keep" && decision.mayRaise, false);
    assert.equal(decision.occupancy, "unknown");
    assert.equal(decision.pod?.uid, "a");
  }
});

Deno.test("C23: after a lost record the last report names the pod", () => {
  const hint = { namespace: "ns", name: "a", uid: "a" };
  const decision = decide(
    situation([], {
      attribution: { kind: "unknown", reason: "x" },
      recordIntact: false,
      hint,
    }),
    CONFIG,
  );
  assert.deepEqual(decision.pod, hint);
});

Deno.test("C24: free needs kubelet, processes, cgroup and a fresh view", () => {
  const entry = applied([owner("a")]);
  const gone = new Map([["a", "gone" as const]]);
  const free = situation([], { entry, departing: gone });
  assert.equal(vacated(free), true);
  const held = {
    "kubelet silent": {
      ...free,
      ownership: { ...free.ownership, allocation: "silent" as const },
    },
    "attribution unknown": situation([], {
      entry,
      departing: gone,
      attribution: { kind: "unknown", reason: "" },
    }),
    "cgroup left": { ...free, departing: new Map([["a", "present" as const]]) },
    "cgroup unknown": {
      ...free,
      departing: new Map([["a", "unknown" as const]]),
    },
    "cgroup not asked": { ...free, departing: new Map() },
    "view stale": {
      ...free,
      view: {
        freshness: { kind: "stale" as const, ageMs: 31_000, reason: "" },
        consistent: true,
      },
    },
    "alive in the view": situation([annotated("a", "300")], {
      attribution: { kind: "nobody" },
      entry,
      departing: gone,
    }),
    "still placed": situation([annotated("a", "300")], {
      entry,
      departing: gone,
    }),
  };
  for (const [name, one] of Object.entries(held)) {
    assert.equal(vacated(one), false, name);
  }
  for (const phase of ["Succeeded", "Failed"]) {
    const ended = pod("a", { phase, powerLimit: "300" });
    const one = situation([ended], {
      attribution: { kind: "nobody" },
      entry,
      departing: gone,
    });
    assert.equal(vacated(one), true, phase);
  }
});

Deno.test("C24: what was ours goes back to what it was before us", () => {
  const entry = { ...applied([owner("a")]), beforeWatts: 650 };
  const soon = decide(situation([], { entry }), CONFIG);
  assert.equal(soon.kind, "keep");
  const decision = decide(
    situation([], { entry, vacatedLongEnough: true }),
    CONFIG,
  );
  assert.equal(decision.kind, "release");
  assert.equal(decision.kind === "release" && decision.watts, 650);
  assert.equal(decision.occupancy, "free");
});

Deno.test("a later tenant that never asked gets the GPU back uncapped", () => {
  const entry = applied([owner("gone")]);
  const tenant = situation([pod("b")], { entry, vacatedLongEnough: true });
  assert.equal(decide(tenant, CONFIG).kind, "release");
  assert.equal(
    decide({ ...tenant, vacatedLongEnough: false }, CONFIG).kind,
    "keep",
  );
});

Deno.test("a live pod whose annotation was taken away is released", () => {
  const entry = applied([owner("a")]);
  assert.equal(vacated(situation([pod("a")], { entry })), true);
  const gated = situation([pod("a", { gated: true })], { entry });
  assert.equal(vacated(gated), false);
});

Deno.test("a new owner gets its cap at once, without a lift in between", () => {
  const entry = applied([owner("old")]);
  assert.equal(
    cap(decide(situation([annotated("new", "400")], { entry }), CONFIG)),
    400,
  );
});

Deno.test("prearm holds idle GPUs at the safe default and only lowers", () => {
  const config = { ...CONFIG, prearm: true };
  assert.equal(cap(decide(situation([]), config)), 500);
  const low = situation([]);
  const already = {
    ...low,
    limits: { ...low.limits!, managementWatts: 400 },
  };
  assert.equal(decide(already, config).kind, "untouched");
});

Deno.test("prearm works at boot, before there is a kubelet", () => {
  const config = { ...CONFIG, prearm: true };
  const boot = situation([], {
    attribution: { kind: "unknown", reason: "no kubelet" },
    view: { freshness: { kind: "empty" }, consistent: false },
    recordIntact: false,
  });
  assert.equal(cap(decide(boot, config)), 500);
  const busy = {
    ...boot,
    ownership: { ...boot.ownership, pids: [42] },
  };
  assert.equal(decide(busy, config).kind, "untouched");
});

Deno.test("prearm works at boot, with a kubelet and before there is an API server", () => {
  const config = { ...CONFIG, prearm: true };
  const boot = situation([], {
    view: { freshness: { kind: "empty" }, consistent: false },
    recordIntact: false,
  });
  assert.equal(cap(decide(boot, config)), 500);
  assert.equal(decide(boot, config).occupancy, "unknown", "C22: never free");
  const allocated = situation([pod("a")], {
    attribution: { kind: "unknown", reason: "not in the view" },
    view: boot.view,
    recordIntact: false,
  });
  const { ownership } = allocated;
  assert.equal(
    decide({
      ...allocated,
      ownership: { ...ownership, allocation: "allocated" },
    }, config).kind,
    "untouched",
  );
});

Deno.test("prearm tries again at once after a device refused it", () => {
  const config = { ...CONFIG, prearm: true };
  const entry = {
    uuid: "GPU-0",
    beforeWatts: 700,
    intent: { kind: "cap" as const, watts: 500, owners: [] },
  };
  assert.equal(cap(decide(situation([], { entry }), config)), 500);
  const { owners, ...begun } = {
    ...entry.intent,
    owners: [owner("a")],
  };
  const others = { ...entry, intent: { ...begun, owners } };
  assert.equal(decide(situation([], { entry: others }), config).kind, "keep");
});

Deno.test("prearm keeps a pod without annotation where it is, however long", () => {
  const config = { ...CONFIG, prearm: true };
  const entry = applied([], { cause: "prearm", watts: 500 });
  const decision = decide(
    situation([pod("a")], { entry, vacatedLongEnough: true }),
    config,
  );
  assert.equal(decision.kind, "keep");
});

Deno.test("prearm arms a GPU that a pod without annotation took from its last owner", () => {
  const config = { ...CONFIG, prearm: true };
  const entry = applied([owner("gone")]);
  const taken = situation([pod("new")], { entry, vacatedLongEnough: true });
  const decision = decide(taken, config);
  assert.notEqual(decision.kind, "release");
  assert.equal(cap(decision), 500);
  assert.equal(decision.occupancy, "pod");
  assert.equal(decision.pod?.uid, "new");
});

Deno.test("prearm takes over from a freed GPU's cap", () => {
  const config = { ...CONFIG, prearm: true };
  const entry = applied([owner("a")]);
  const decision = decide(
    situation([], { entry, vacatedLongEnough: true }),
    config,
  );
  assert.equal(cap(decision), 500);
  assert.equal(decision.occupancy, "free");
});

Deno.test("C27: a GPU shared by grants is capped once, never above the lowest", () => {
  const decision = decide(
    situation([granted("a", "5.1", 300), granted("b", "5.2", 400)]),
    { ...CONFIG, conflictPolicy: "safe-default" },
  );
  assert.equal(cap(decision), 300);
  assert.equal(decision.kind === "cap" && decision.owners.length, 2);
});

Deno.test("a pod that only waits has no part in the cap", () => {
  const decision = decide(
    situation([granted("a", "5.1", 600), pod("b", { gated: true })]),
    CONFIG,
  );
  assert.equal(cap(decision), 600);
  assert.deepEqual(decision.notes, []);
});

Deno.test("a write under way is never undone upwards", () => {
  const entry = {
    ...applied([owner("a")], { watts: 500 }),
    intent: { kind: "cap" as const, watts: 300, owners: [owner("a")] },
  };
  const decision = decide(
    situation([], { attribution: { kind: "unknown", reason: "x" }, entry }),
    CONFIG,
  );
  assert.equal(decision.kind === "keep" && decision.watts, 500);
  assert.equal(decision.kind === "keep" && decision.mayRaise, false);
});

Deno.test("a process of no pod makes the GPU neither free nor capped", () => {
  const host = situation([], {
    attribution: { kind: "not_a_pod" },
    vacatedLongEnough: true,
  });
  const decision = decide(host, CONFIG);
  assert.equal(decision.kind, "untouched");
  assert.equal(decision.occupancy, "unknown");
});
