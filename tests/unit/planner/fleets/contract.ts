/** What every fleet promises: one suite, run against each of them. @module */

import assert from "node:assert/strict";
import type { FleetSnapshot, Step } from "../../../../planner/core/mod.ts";
import type { Rig } from "./rigs.ts";

const alive = () => new AbortController().signal;

async function decodePod(rig: Rig): Promise<
  FleetSnapshot["pods"][number]["pod"]
> {
  const { pods } = await rig.fleet.snapshot(alive());
  const found = pods.find(({ side }) => side === "decode");
  assert(found);
  return found.pod;
}

function patch(
  pod: Awaited<ReturnType<typeof decodePod>>,
  watts: number,
  sequence = 1,
): Step {
  const { namespace, name, uid, resourceVersion } = pod;
  return {
    kind: "patch",
    purpose: "grant",
    pod: { namespace, name, uid, resourceVersion },
    grant: {
      podUid: uid,
      generation: { epoch: 1, sequence },
      watts,
      boundWatts: watts,
    },
  };
}

/** How one rule is run: a test of its own, or a step of one that has opened something costly. */
export type RunRule = (what: string, check: () => Promise<void>) => void;

/** Runs the suite against one fleet, with a new rig for each rule. */
export function fleetContract(
  open: () => Rig | Promise<Rig>,
  run: RunRule,
): void {
  const rule = (what: string, check: (rig: Rig) => Promise<void>) =>
    run(what, async () => {
      const rig = await open();
      try {
        await check(rig);
      } finally {
        await rig.close?.();
      }
    });

  rule("a snapshot has pods, sides and their versions", async (rig) => {
    const snapshot = await rig.fleet.snapshot(alive());
    assert.equal(snapshot.consistent, true);
    assert.deepEqual(
      snapshot.pods.map(({ side, gpus }) => `${side} ${gpus}`).sort(),
      ["decode 1", "prefill 1"],
    );
    assert.equal(snapshot.sides.decode?.targetReplicas, 1);
    assert(snapshot.pods.every(({ pod }) => pod.resourceVersion !== ""));
  });

  rule("a patch writes limit and grant together", async (rig) => {
    const pod = await decodePod(rig);
    const outcome = await rig.during(rig.fleet.apply(patch(pod, 300), alive()));
    assert.deepEqual(outcome, { kind: "done" });
    assert.deepEqual(await rig.annotations(pod.uid), {
      limit: "300",
      grant: `v1 ${pod.uid} 1.1 300 300`,
    });
  });

  rule("a claim takes the limit away", async (rig) => {
    const pod = await decodePod(rig);
    await rig.during(rig.fleet.apply(patch(pod, 0), alive()));
    assert.deepEqual(await rig.annotations(pod.uid), {
      limit: undefined,
      grant: `v1 ${pod.uid} 1.1 0 0`,
    });
  });

  rule(
    "a patch is seen in a later snapshot, with a newer version",
    async (rig) => {
      const before = await decodePod(rig);
      await rig.during(rig.fleet.apply(patch(before, 300), alive()));
      await rig.catchUp();
      const after = await decodePod(rig);
      assert.equal(after.powerLimit, "300");
      assert.notEqual(after.resourceVersion, before.resourceVersion);
    },
  );

  rule(
    "a version that has moved is a conflict, and nothing is written",
    async (rig) => {
      const pod = await decodePod(rig);
      await rig.touch(pod.uid);
      const outcome = await rig.during(
        rig.fleet.apply(patch(pod, 300), alive()),
      );
      assert.equal(outcome.kind, "conflict");
      assert.equal((await rig.annotations(pod.uid)).grant, undefined);
    },
  );

  rule(
    "the same patch again is a conflict, and changes nothing",
    async (rig) => {
      const pod = await decodePod(rig);
      await rig.during(rig.fleet.apply(patch(pod, 300), alive()));
      await rig.catchUp();
      const again = await rig.during(
        rig.fleet.apply(patch(pod, 400, 2), alive()),
      );
      assert.equal(again.kind, "conflict");
      assert.equal((await rig.annotations(pod.uid)).limit, "300");
    },
  );

  rule(
    "a pod that is not there any more is gone, and no error",
    async (rig) => {
      const pod = await decodePod(rig);
      await rig.remove(pod.uid);
      const outcome = await rig.during(
        rig.fleet.apply(patch(pod, 300), alive()),
      );
      assert.deepEqual(outcome, { kind: "gone" });
    },
  );

  rule("a side is scaled, and scaled again to the same", async (rig) => {
    for (let time = 0; time < 2; time++) {
      const { sides } = await rig.fleet.snapshot(alive());
      const step: Step = {
        kind: "scale",
        side: "decode",
        replicas: 3,
        fromReplicas: sides.decode?.targetReplicas,
        resourceVersion: sides.decode?.resourceVersion,
      };
      const outcome = await rig.during(rig.fleet.apply(step, alive()));
      assert.deepEqual(outcome, { kind: "done" });
      assert.equal(await rig.replicas("decode"), 3);
      await rig.catchUp();
    }
  });

  rule("a scaler that has moved is a conflict", async (rig) => {
    const { sides } = await rig.fleet.snapshot(alive());
    const step = (replicas: number): Step => ({
      kind: "scale",
      side: "decode",
      replicas,
      fromReplicas: 1,
      resourceVersion: sides.decode?.resourceVersion,
    });
    await rig.during(rig.fleet.apply(step(3), alive()));
    await rig.catchUp();
    const outcome = await rig.during(rig.fleet.apply(step(2), alive()));
    assert.equal(outcome.kind, "conflict");
    assert.equal(await rig.replicas("decode"), 3);
  });

  rule("a side that is not there is gone", async (rig) => {
    const step: Step = {
      kind: "scale",
      side: "agg",
      replicas: 1,
      fromReplicas: undefined,
    };
    const outcome = await rig.during(rig.fleet.apply(step, alive()));
    assert.deepEqual(outcome, { kind: "gone" });
  });

  rule("what no scaler takes is refused, with the reason", async (rig) => {
    const step: Step = {
      kind: "scale",
      side: "decode",
      replicas: -1,
      fromReplicas: 1,
    };
    const outcome = await rig.during(rig.fleet.apply(step, alive()));
    assert.equal(outcome.kind, "refused");
    assert.equal(await rig.replicas("decode"), 1);
  });

  rule("a cancelled write is unanswered and never thrown", async (rig) => {
    const pod = await decodePod(rig);
    const cancelled = AbortSignal.abort();
    const outcome = await rig.fleet.apply(patch(pod, 300), cancelled);
    assert.equal(outcome.kind, "unanswered");
    assert.equal((await rig.annotations(pod.uid)).grant, undefined);
  });

  rule("a cancelled snapshot is refused", async (rig) => {
    await assert.rejects(rig.fleet.snapshot(AbortSignal.abort()), {
      code: "fleet_unusable",
    });
  });

  rule(
    "it says when something may have changed, and stops when asked",
    async (rig) => {
      await rig.fleet.snapshot(alive());
      const stop = new AbortController();
      let told = false;
      const waiting = rig.fleet.changed(stop.signal).then(() => told = true);
      await Promise.resolve();
      assert.equal(told, false);
      const { uid } = await decodePod(rig);
      await rig.touch(uid);
      await rig.catchUp();
      await waiting;
      await rig.fleet.snapshot(alive());
      const second = rig.fleet.changed(stop.signal);
      stop.abort();
      await second;
    },
  );
}
