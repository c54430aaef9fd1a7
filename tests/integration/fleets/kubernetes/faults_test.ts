/** The fleet over a real API server whose answers are lost, refused, late or odd: nothing is written twice, nothing wrongly believed. @module */

import assert from "node:assert/strict";
import type { FleetSnapshot } from "../../../../planner/core/mod.ts";
import type { KubernetesFleet } from "../../../../planner/fleets/mod.ts";
import {
  type Intercepted,
  InterceptingServer,
  status,
} from "../../../kube/intercepting_server.ts";
import { KUBE, Stage, startCluster, until } from "../../../kube/mod.ts";
import { CRD_FOLDERS } from "./crds.ts";
import { alive, limitOfPod, patchOf } from "./patch_step.ts";
import { DISAGG, disaggregated, openFleet, untilLeading } from "./rig.ts";

const isPodPatch = ({ method, path }: Intercepted) =>
  method === "PATCH" && path.includes("/pods/");
const isPodWatch = ({ isWatch, path }: Intercepted) =>
  isWatch && path.endsWith("/pods");

/** A DGD whose decode component declares an adapter. */
const ADAPTED = {
  components: DISAGG.components.map((component) =>
    component.name === "decode"
      ? { ...component, scalingAdapter: {} }
      : component
  ),
};

Deno.test({
  name: "a fleet whose API server misbehaves",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  let count = 0;

  /** One step: a deployment, a server in between, and a fleet that leads through it. */
  const step = (
    what: string,
    check: (world: {
      readonly between: InterceptingServer;
      readonly stage: Stage;
      readonly fleet: KubernetesFleet;
      readonly look: () => Promise<FleetSnapshot>;
      /** Patches of pods that the server has got. */
      readonly patches: () => number;
    }) => Promise<void>,
  ) =>
    t.step(what, async () => {
      const namespace = `faults-${++count}`;
      const stage = await Stage.open(cluster.client, namespace);
      await disaggregated(stage);
      await using between = new InterceptingServer(cluster.adminEndpoint);
      await using fleet = await openFleet(cluster, {
        namespace,
        loadEndpoint: () => Promise.resolve(between.endpoint),
      });
      await untilLeading(fleet);
      await check({
        between,
        stage,
        fleet,
        look: () => fleet.snapshot(alive()),
        patches: () =>
          between.writes.filter((line) =>
            line.startsWith("PATCH ") && line.includes("/pods/")
          ).length,
      });
    });

  const limitOf = (stage: Stage, pod: string) =>
    limitOfPod(cluster.client, stage, pod);

  await step(
    "429 with Retry-After: the patch waits that long, is sent once more, and lands",
    async ({ between, stage, fleet, look, patches }) => {
      let refusals = 0;
      let refusedAtMs = 0;
      let sentAgainAfterMs = 0;
      between.intercept = (request) => {
        if (!isPodPatch(request)) return undefined;
        if (refusals++ === 0) {
          refusedAtMs = performance.now();
          return status(429, "too many requests", { "retry-after": "1" });
        }
        sentAgainAfterMs = performance.now() - refusedAtMs;
        return undefined;
      };
      const patch = patchOf(await look(), "decode-0", 1, 400);
      assert.deepEqual(await fleet.apply(patch, alive()), { kind: "done" });
      assert.equal(patches(), 2);
      assert.ok(sentAgainAfterMs >= 1_000, `${sentAgainAfterMs} ms`);
      assert.equal(await limitOf(stage, "decode-0"), "400");
    },
  );

  await step(
    "500 after the patch has landed: unanswered, never sent again, and the watch shows it",
    async ({ between, fleet, look, patches }) => {
      between.intercept = async (request) => {
        if (!isPodPatch(request)) return undefined;
        await (await request.onward()).body?.cancel();
        return status(500, "etcd went away");
      };
      const before = await look();
      const outcome = await fleet.apply(
        patchOf(before, "decode-0", 1, 400),
        alive(),
      );
      assert.equal(outcome.kind, "unanswered");
      assert.equal(patches(), 1);
      await until(
        "the watch shows what has landed",
        async () =>
          (await look()).pods.some(({ pod }) => pod.powerLimit === "400"),
      );
    },
  );

  await step(
    "500 before the patch has landed: unanswered as well, and nothing is written",
    async ({ between, stage, fleet, look, patches }) => {
      between.intercept = (request) =>
        isPodPatch(request) ? status(500, "no quorum") : undefined;
      const outcome = await fleet.apply(
        patchOf(await look(), "decode-0", 1, 400),
        alive(),
      );
      assert.equal(outcome.kind, "unanswered");
      assert.equal(patches(), 1);
      assert.equal(await limitOf(stage, "decode-0"), undefined);
    },
  );

  await step(
    "410 in a watch: all is listed anew, and what was missed meanwhile is there",
    async ({ between, stage, look }) => {
      let gone = 0;
      // The next watch is told that its version is too old.
      const ended = Promise.withResolvers<void>();
      between.intercept = (request) => {
        if (!isPodWatch(request) || gone > 0) return undefined;
        gone++;
        ended.resolve();
        return new Response(
          `${
            JSON.stringify({
              type: "ERROR",
              object: {
                kind: "Status",
                code: 410,
                reason: "Expired",
                message: "too old resource version",
              },
            })
          }\n`,
        );
      };
      const before = between.seen.filter((line) =>
        line === `GET ${stage.pods()}`
      ).length;
      between.endWatches();
      await ended.promise;
      await stage.worker("llm", "decode", { name: "decode-1", node: "n3" });
      await until(
        "the new pod is seen",
        async () =>
          (await look()).pods.some(({ pod }) => pod.name === "decode-1"),
      );
      const after =
        between.seen.filter((line) => line === `GET ${stage.pods()}`).length;
      // The watch, a LIST, a watch again.
      assert.ok(after - before >= 3, `${after - before} requests`);
    },
  );

  await step(
    "a watch that is frozen: a pod that was just patched is patched again all the same",
    async ({ between, stage, fleet, look, patches }) => {
      const silent = Promise.withResolvers<void>();
      between.intercept = (request) => {
        if (!isPodWatch(request)) return undefined;
        silent.resolve();
        return between.silence();
      };
      between.endWatches();
      await silent.promise;
      assert.deepEqual(
        await fleet.apply(patchOf(await look(), "decode-0", 1, 400), alive()),
        { kind: "done" },
      );
      const after = await look();
      assert.equal(
        after.pods.find(({ pod }) => pod.name === "decode-0")?.pod.powerLimit,
        "400",
      );
      assert.deepEqual(
        await fleet.apply(patchOf(after, "decode-0", 2, 300), alive()),
        { kind: "done" },
      );
      assert.equal(patches(), 2);
      assert.equal(await limitOf(stage, "decode-0"), "300");
    },
  );

  await step(
    "a watch that is frozen while somebody else changes a pod: one conflict, and the next patch lands",
    async ({ between, stage, fleet, look }) => {
      const silent = Promise.withResolvers<void>();
      between.intercept = (request) => {
        if (!isPodWatch(request)) return undefined;
        silent.resolve();
        return between.silence();
      };
      between.endWatches();
      await silent.promise;
      await cluster.client.mergePatch(`${stage.pods()}/decode-0`, {
        metadata: { labels: { touched: "yes" } },
      });
      const stale = await look();
      assert.equal(
        (await fleet.apply(patchOf(stale, "decode-0", 1, 400), alive())).kind,
        "conflict",
      );
      assert.deepEqual(
        await fleet.apply(patchOf(await look(), "decode-0", 1, 400), alive()),
        { kind: "done" },
      );
    },
  );

  await t.step(
    "a declared scaling adapter that is gone before the watch says so: 404, and it is not gone around",
    async () => {
      const stage = await Stage.open(cluster.client, "adapters");
      await stage.graph("llm", ADAPTED);
      await stage.adapter("llm", "decode", 1);
      await using between = new InterceptingServer(cluster.adminEndpoint);
      between.intercept = ({ isWatch, path }) =>
        isWatch && path === stage.adapters() ? between.silence() : undefined;
      await using fleet = await openFleet(cluster, {
        namespace: "adapters",
        loadEndpoint: () => Promise.resolve(between.endpoint),
      });
      await untilLeading(fleet);
      await cluster.client.delete(`${stage.adapters()}/llm-decode`);
      const { sides } = await fleet.snapshot(alive());
      assert.deepEqual(
        await fleet.apply({
          kind: "scale",
          side: "decode",
          replicas: 3,
          fromReplicas: 1,
          resourceVersion: sides.decode?.resourceVersion,
        }, alive()),
        { kind: "gone" },
      );
      const graph = await cluster.client.get(`${stage.graphs()}/llm`) as {
        spec: { components: { name: string; replicas: number }[] };
      };
      assert.equal(
        graph.spec.components.find(({ name }) => name === "decode")?.replicas,
        1,
      );
    },
  );

  await step(
    "annotations of 2 MB, which this API server refuses and another might not: read, granted, kept",
    async ({ between, stage, fleet, look }) => {
      const blob = "x".repeat(2 << 20);
      await assert.rejects(
        cluster.client.mergePatch(`${stage.pods()}/decode-0`, {
          metadata: { annotations: { "example.com/blob": blob } },
        }),
        /may not be more than 262144 bytes/,
      );
      const withBlob = (object: unknown): unknown => {
        const { metadata } = object as { metadata: Record<string, unknown> };
        return {
          ...object as object,
          metadata: {
            ...metadata,
            annotations: {
              ...metadata["annotations"] as object,
              "example.com/blob": blob,
            },
          },
        };
      };
      between.intercept = async (request) => {
        if (isPodPatch(request)) {
          return Response.json(withBlob(await (await request.onward()).json()));
        }
        if (!isPodWatch(request)) return undefined;
        const { items } = await cluster.client.get(stage.pods()) as {
          items: { metadata: { resourceVersion: string } }[];
        };
        const lines = items.map((object) =>
          `${JSON.stringify({ type: "MODIFIED", object: withBlob(object) })}\n`
        );
        return new Response(lines.join(""));
      };
      between.endWatches();
      const path = `${stage.pods()}/decode-0`;
      await cluster.client.mergePatch(path, {
        metadata: { annotations: { seen: "yes" } },
      });
      const { metadata } = await cluster.client.get(path) as {
        metadata: { resourceVersion: string };
      };
      await until("the watch has shown it", async () =>
        (await look()).pods.some(({ pod }) =>
          pod.resourceVersion === metadata.resourceVersion
        ));
      assert.deepEqual(
        await fleet.apply(patchOf(await look(), "decode-0", 1, 400), alive()),
        { kind: "done" },
      );
      assert.equal(await limitOf(stage, "decode-0"), "400");
    },
  );

  await t.step(
    "500 to the first LISTs: it is opened when they succeed",
    async () => {
      const stage = await Stage.open(cluster.client, "late");
      await disaggregated(stage);
      await using between = new InterceptingServer(cluster.adminEndpoint);
      let failures = 0;
      between.intercept = ({ path, isWatch, query }) =>
        path === stage.pods() && !isWatch && query.get("limit") === "500" &&
          failures++ < 3
          ? status(500, "no quorum")
          : undefined;
      await using fleet = await openFleet(cluster, {
        namespace: "late",
        loadEndpoint: () =>
          Promise.resolve(between.endpoint),
      });
      assert.equal((await fleet.snapshot(alive())).pods.length, 2);
      assert.ok(failures > 3);
    },
  );
});
