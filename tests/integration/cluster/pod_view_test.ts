import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { podObject } from "../../unit/cluster/pod_object.ts";
import { WatchedNode } from "./watched_node.ts";

const LIMIT = "dynamo.nvidia.com/gpu-power-limit";

/** Pod `name` at version `resourceVersion` with a limit of `watts`. */
function pod(name: string, resourceVersion: number, watts: number) {
  return podObject({
    name,
    resourceVersion: `${resourceVersion}`,
    annotations: { [LIMIT]: `${watts}` },
  });
}

/** A node whose view has `worker-0` at version 10 and an open watch. */
async function watching() {
  const node = await WatchedNode.start();
  (await node.server.next()).list("10", [pod("worker-0", 10, 300)]);
  const watch = (await node.server.next()).open();
  await node.until(() => node.pods.length === 1);
  return { node, watch };
}

Deno.test("a view is empty, and says so, until the first LIST", async () => {
  await using node = await WatchedNode.start();
  await node.server.next();
  deepStrictEqual(node.view.snapshot(), {
    pods: [],
    freshness: { kind: "empty" },
    consistent: false,
  });
});

Deno.test("LIST asks for this node's pods and takes no answer from a cache", async () => {
  await using node = await WatchedNode.start();
  const { searchParams, pathname } = (await node.server.next()).url;
  strictEqual(pathname, "/api/v1/pods");
  strictEqual(searchParams.get("fieldSelector"), "spec.nodeName=node-a");
  strictEqual(searchParams.get("resourceVersion"), null);
});

Deno.test("a watch continues from the LIST, with bookmarks and an end", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  const query = Object.fromEntries(watch.url.searchParams);
  deepStrictEqual(query, {
    fieldSelector: "spec.nodeName=node-a",
    watch: "1",
    allowWatchBookmarks: "true",
    timeoutSeconds: "18",
    resourceVersion: "10",
  });
});

Deno.test("added, changed and deleted pods arrive as they happen", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.event("ADDED", pod("worker-1", 11, 400));
  await node.until(() => node.pods.includes("worker-1=400"));
  watch.event("MODIFIED", pod("worker-1", 12, 250));
  await node.until(() => node.pods.includes("worker-1=250"));
  watch.event("DELETED", pod("worker-0", 13, 300));
  await node.until(() => node.pods.length === 1);
  deepStrictEqual(node.pods, ["worker-1=250"]);
  strictEqual(node.view.counts.lists, 1);
});

Deno.test("an event split over packets, and two in one packet, are read", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  const line = JSON.stringify({
    type: "ADDED",
    object: { ...pod("wörker-1", 11, 400) },
  }) + "\n";
  const bytes = new TextEncoder().encode(line);
  const middle = bytes.indexOf(0xc3) + 1; // inside the ö
  watch.raw(bytes.slice(0, middle)).raw(bytes.slice(middle));
  await node.until(() => node.pods.length === 2);
  const two = [pod("a", 12, 1), pod("b", 13, 2)].map((object) =>
    JSON.stringify({ type: "ADDED", object }) + "\n"
  );
  watch.raw(two.join(""));
  await node.until(() => node.pods.length === 4);
});

Deno.test("a pod under the same name with another UID is another pod", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  const reborn = podObject({
    name: "worker-0",
    uid: "uid-reborn",
    resourceVersion: "12",
  });
  watch.event("ADDED", reborn);
  await node.until(() => node.pods.length === 2);
  watch.event("DELETED", pod("worker-0", 13, 300));
  await node.until(() => node.pods.length === 1);
  strictEqual(node.view.snapshot().pods[0]?.uid, "uid-reborn");
});

Deno.test("pods of other nodes are not let in, whatever the server sends", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.event(
    "ADDED",
    podObject({ name: "stray", nodeName: "node-b", resourceVersion: "11" }),
  );
  watch.event("ADDED", pod("worker-1", 12, 400));
  await node.until(() => node.pods.length === 2);
  deepStrictEqual(node.pods, ["worker-0=300", "worker-1=400"]);
});

Deno.test("a watch that ends is resumed from the last bookmark, without a LIST", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  node.clock.advance(18_000);
  watch.event("BOOKMARK", { metadata: { resourceVersion: "90" } });
  watch.end();
  const resumed = await node.server.next();
  ok(resumed.isWatch);
  strictEqual(resumed.url.searchParams.get("resourceVersion"), "90");
  strictEqual(node.view.counts.lists, 1);
});

Deno.test("a connection that breaks is resumed after a short wait, and nothing is lost", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.event("MODIFIED", pod("worker-0", 11, 350));
  await node.until(() => node.pods.includes("worker-0=350"));
  watch.reset();
  await node.faults("unreachable");
  deepStrictEqual(node.pods, ["worker-0=350"]);
  node.clock.advance(500);
  const resumed = await node.server.next();
  strictEqual(resumed.url.searchParams.get("resourceVersion"), "11");
});

Deno.test("a connection that breaks now and then is resumed as soon each time", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  let open = watch;
  for (let breaks = 1; breaks <= 4; breaks++) {
    node.clock.advance(5_000);
    open.reset();
    await node.faults("unreachable", breaks);
    deepStrictEqual(node.clock.pendingMs, [375]);
    node.clock.advance(375);
    open = (await node.server.next()).open();
    await node.until(() => node.view.counts.watches === breaks + 1);
  }
});

Deno.test("half a line before a break is not an event", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.raw(
    JSON.stringify({ type: "DELETED", object: pod("worker-0", 11, 300) }),
  );
  watch.reset();
  await node.faults("unreachable");
  deepStrictEqual(node.pods, ["worker-0=300"]);
});

Deno.test("a frozen connection is noticed within 30 s and replaced", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  node.clock.advance(22_999);
  strictEqual(node.view.counts.faults.frozen, 0);
  node.clock.advance(1);
  await node.faults("frozen");
  await watch.closed();
  node.clock.advance(500);
  const resumed = await node.server.next();
  ok(resumed.isWatch);
  strictEqual(node.loads, 2, "on a connection made anew");
});

Deno.test("a connection that is busy and says nothing is noticed within 30 s too", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  for (let second = 0; second < 23; second++) {
    watch.raw("\n");
    node.clock.advance(1000);
  }
  await node.faults("frozen");
});

Deno.test("a LIST that never ends is given up", async () => {
  await using node = await WatchedNode.start();
  (await node.server.next()).open().raw('{"items":[');
  node.clock.advance(20_000);
  await node.faults("frozen");
  strictEqual(node.view.snapshot().freshness.kind, "empty");
});

Deno.test("a view becomes stale 30 s after the server's last word, and keeps its pods", async () => {
  const { node } = await watching();
  await using _ = node;
  node.clock.advance(23_000);
  await node.faults("frozen");
  strictEqual(node.view.snapshot().freshness.kind, "fresh");
  node.clock.advance(7_001);
  const { freshness } = node.view.snapshot();
  ok(freshness.kind === "stale");
  match(freshness.reason, /dead/);
  deepStrictEqual(node.pods, ["worker-0=300"]);
});

for (
  const [how, gone] of [
    [
      "as an answer",
      (watch: Awaited<ReturnType<typeof next>>) =>
        watch.answer(410, { kind: "Status", message: "too old" }),
    ],
    ["as an event", (watch: Awaited<ReturnType<typeof next>>) => {
      watch.open().event("ERROR", { code: 410, message: "too old" });
    }],
  ] as const
) {
  Deno.test(`410 ${how} leads to a LIST, and the view stays meanwhile`, async () => {
    const { node, watch } = await watching();
    await using _ = node;
    node.clock.advance(18_000);
    watch.end();
    gone(await next(node));
    await node.faults("gone");
    deepStrictEqual(node.pods, ["worker-0=300"]);
    node.clock.advance(500);
    (await next(node)).list("70", [pod("worker-9", 70, 100)]);
    await node.until(() => node.pods.includes("worker-9=100"));
    deepStrictEqual(node.pods, ["worker-9=100"], "the vanished pod is gone");
  });
}

function next(node: WatchedNode) {
  return node.server.next();
}

Deno.test("a pod that goes back in time is not believed; a LIST settles it", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.event("MODIFIED", pod("worker-0", 20, 500));
  watch.event("MODIFIED", pod("worker-0", 15, 700));
  await node.faults("protocol");
  deepStrictEqual(node.pods, ["worker-0=500"]);
  node.clock.advance(500);
  const list = await next(node);
  ok(!list.isWatch);
});

Deno.test("a late event does not bring a deleted pod back", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.event("DELETED", pod("worker-0", 20, 300));
  watch.event("MODIFIED", pod("worker-0", 15, 300));
  await node.faults("protocol");
  deepStrictEqual(node.pods, []);
});

for (
  const [what, bytes] of [
    ["no JSON", "<html>bad gateway</html>\n"],
    ["no event", '{"hello":"world"}\n'],
    ["no object", '{"type":"ADDED"}\n'],
    ["no UID", '{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n'],
    [
      "no pod",
      '{"type":"ADDED","object":{"metadata":{"uid":"u","resourceVersion":"99"}}}\n',
    ],
    ["no version in a bookmark", '{"type":"BOOKMARK","object":{}}\n'],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0xfe, 0x0a])],
    ["no end of line", new Uint8Array((4 << 20) + 1).fill(0x20)],
  ] as const
) {
  Deno.test(`a watch that sends ${what} is dropped and listed anew`, async () => {
    const { node, watch } = await watching();
    await using _ = node;
    watch.raw(bytes);
    await node.faults("protocol");
    deepStrictEqual(node.pods, ["worker-0=300"]);
    node.clock.advance(500);
    ok(!(await next(node)).isWatch);
  });
}

Deno.test("event types of the future are passed over", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.event("ANNOTATED", {}).event("ADDED", pod("worker-1", 11, 400));
  await node.until(() => node.pods.length === 2);
});

for (
  const [what, body] of [
    ["no JSON", "nonsense"],
    ["no list", { kind: "Status" }],
    ["no version", { items: [], metadata: {} }],
    ["an object without UID", {
      items: [{ metadata: {} }],
      metadata: { resourceVersion: "1" },
    }],
  ] as const
) {
  Deno.test(`a LIST with ${what} is no answer, not an empty node`, async () => {
    await using node = await WatchedNode.start();
    (await next(node)).answer(200, body);
    await node.faults("protocol");
    strictEqual(node.view.snapshot().freshness.kind, "empty");
  });
}

Deno.test("a LIST in pages is one LIST", async () => {
  await using node = await WatchedNode.start();
  (await next(node)).list("10", [pod("a", 1, 1)], "more");
  const second = await next(node);
  strictEqual(second.url.searchParams.get("continue"), "more");
  deepStrictEqual(node.pods, []);
  second.list("10", [pod("b", 2, 2)]);
  await node.until(() => node.pods.length === 2);
});

Deno.test("a LIST older than what is known is refused three times, then believed", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  watch.raw("garbage\n");
  await node.faults("protocol");
  for (let refused = 1; refused <= 3; refused++) {
    node.clock.advance(15_000);
    (await next(node)).list("4", []);
    await node.faults("protocol", 1 + refused);
    deepStrictEqual(node.pods, ["worker-0=300"]);
  }
  node.clock.advance(15_000);
  (await next(node)).list("4", []);
  await node.until(() => node.pods.length === 0);
});

const KIND_OF_STATUS = {
  401: "unauthorized",
  403: "forbidden",
  404: "gone",
  500: "status",
  503: "status",
} as const;

for (const status of [401, 403, 404, 500, 503] as const) {
  Deno.test(`after ${status} the view stays, names it, and tries again ever later`, async () => {
    await using node = await WatchedNode.start();
    const waits: number[] = [];
    for (let failures = 1; failures <= 8; failures++) {
      (await next(node)).answer(status, { message: "no" });
      await node.faults(KIND_OF_STATUS[status], failures);
      const [waitMs] = node.clock.pendingMs.slice(-1);
      waits.push(waitMs ?? NaN);
      node.clock.advance(waitMs ?? 0);
    }
    // Half of 0.5, 1, 2, 4, 8, 15 s, plus half of that half by the random 0.5.
    deepStrictEqual(waits, [375, 750, 1500, 3000, 6000, 11250, 11250, 11250]);
  });
}

Deno.test("Retry-After is honoured, up to a minute", async () => {
  await using node = await WatchedNode.start();
  const retryAfter = async (seconds: string, failures: number) => {
    (await next(node)).answer(429, {}, { "retry-after": seconds });
    await node.faults("throttled", failures);
    const waitMs = node.clock.pendingMs.at(-1) ?? NaN;
    node.clock.advance(waitMs);
    return waitMs;
  };
  strictEqual(await retryAfter("7", 1), 7_350);
  strictEqual(await retryAfter("86400", 2), 63_000);
  strictEqual(await retryAfter("soon", 3), 1_500, "a date or garbage: ours");
});

Deno.test("all is listed anew every few minutes, in case an event was lost", async () => {
  const { node, watch } = await watching();
  await using _ = node;
  let open = watch;
  for (let round = 0; round < 17; round++) {
    node.clock.advance(18_000);
    open.end();
    const request = await next(node);
    if (!request.isWatch) {
      strictEqual(node.clock.now(), 306_000);
      request.list("99", [pod("worker-5", 99, 200)]);
      await node.until(() => node.pods.includes("worker-5=200"));
      return;
    }
    open = request.open();
    await node.until(() => node.view.counts.watches === round + 2);
  }
  throw new Error("No LIST in 306 s.");
});
