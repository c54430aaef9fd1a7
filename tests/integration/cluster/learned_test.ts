/** Answers to own requests in a list+watch, over a real connection to a scripted API server. @module */

import assert from "node:assert/strict";
import { ApiTransport, ListWatch } from "../../../cluster/mod.ts";
import { readPod } from "../../../cluster/pod.ts";
import { podObject } from "../../unit/cluster/pod_object.ts";
import { VirtualClock } from "../../unit/cluster/virtual_clock.ts";
import { until } from "../../kube/until.ts";
import { ScriptedApiServer } from "./scripted_api_server.ts";

/** `worker-0` at a version. */
const pod = (version: number) =>
  podObject({ name: "worker-0", resourceVersion: `${version}` });

async function watched() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await ScriptedApiServer.start());
  const transport = stack.use(
    new ApiTransport(() =>
      Promise.resolve({
        server: server.url,
        caCertificates: [],
        namespace: "default",
      })
    ),
  );
  let changes = 0;
  const clock = new VirtualClock();
  const watch = new ListWatch({ path: "/api/v1/pods", read: readPod }, {
    transport,
    clock,
    random: () => 0.5,
    onChange: () => changes++,
  });
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  stack.defer(async () => {
    stop.abort();
    await running;
  });
  return {
    server,
    watch,
    clock,
    changes: () => changes,
    versions: () => watch.values.map(({ resourceVersion }) => resourceVersion),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("an answer wakes who looks, says nothing about the watch, and the watch goes on behind it", async () => {
  await using w = await watched();
  (await w.server.next()).list("41", [pod(41)]);
  const open = (await w.server.next()).open();
  await until("the watch is open", () => w.watch.counts.watches === 1);
  w.clock.advance(3_000);
  const { heardAtMs } = w.watch;
  const before = w.changes();
  w.watch.learn(pod(57));
  assert.deepEqual(w.versions(), ["57"]);
  assert.equal(w.changes(), before + 1);
  assert.equal(w.watch.heardAtMs, heardAtMs);
  w.watch.learn("no object");
  open.event("MODIFIED", pod(50)).event("MODIFIED", pod(57));
  await until("both events are taken", () => w.watch.counts.events === 2);
  assert.deepEqual(w.versions(), ["57"]);
  assert.equal(w.watch.fault, undefined);
  open.event("MODIFIED", pod(60));
  await until("the newer event counts", () => w.versions()[0] === "60");
});

Deno.test("a LIST that was under way does not take a newer answer back; one sent later may", async () => {
  await using w = await watched();
  (await w.server.next()).list("41", [pod(41)]);
  (await w.server.next()).open().event("ERROR", { code: 410 });
  await until("the watch is gone", () => w.watch.fault?.kind === "gone");
  w.clock.advance(1_000);
  const second = await w.server.next();
  assert.equal(second.url.searchParams.get("watch"), null);
  w.watch.learn(pod(57));
  second.list("45", [pod(41)]);
  (await w.server.next()).open().event("ERROR", { code: 410 });
  assert.deepEqual(w.versions(), ["57"]);
  await until("it is gone again", () => w.watch.fault?.kind === "gone");
  w.clock.advance(1_000);
  (await w.server.next()).list("50", [pod(50)]);
  await until("the LIST counts", () => w.versions()[0] === "50");
});
