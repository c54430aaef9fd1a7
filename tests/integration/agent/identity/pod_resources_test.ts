import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { createServer } from "node:http2";
import { PodResourcesClient } from "../../../../agent/identity/pod_resources.ts";
import { realClock } from "../../../../cluster/clock.ts";
import { VirtualClock } from "../../../unit/cluster/virtual_clock.ts";
import { concat, field, Kubelet, podWith } from "./kubelet.ts";

/** Asserts that the kubelet counts as silent, and says why. */
async function silent(client: PodResourcesClient, why: RegExp): Promise<void> {
  const answer = await client.list();
  ok(answer.kind === "silent", JSON.stringify(answer));
  match(answer.reason, why);
}

Deno.test("the kubelet's reply says which pod has which device", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  kubelet.answer = {
    kind: "reply",
    message: concat(
      podWith("serving", "prefill-0", "nvidia.com/gpu", ["GPU-1", "GPU-2"]),
      field(1, concat(field(1, "no-devices"), field(2, "x"))),
      podWith("serving", "decode-0", "nvidia.com/mig-3g.40gb", ["MIG-1"]),
    ),
  };
  deepStrictEqual(await client.list(), {
    kind: "answered",
    containers: [{
      namespace: "serving",
      podName: "prefill-0",
      containerName: "main",
      devices: [{ resource: "nvidia.com/gpu", ids: ["GPU-1", "GPU-2"] }],
      claimDrivers: [],
    }, {
      namespace: "serving",
      podName: "decode-0",
      containerName: "main",
      devices: [{ resource: "nvidia.com/mig-3g.40gb", ids: ["MIG-1"] }],
      claimDrivers: [],
    }],
  });
});

Deno.test("a device that came by a resource claim names its driver", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  const claim = concat(
    field(2, "claim"),
    field(3, "serving"),
    field(4, concat(field(1, field(1, "cdi")), field(2, "gpu.nvidia.com"))),
  );
  const container = concat(field(1, "main"), field(5, claim));
  kubelet.answer = {
    kind: "reply",
    message: field(
      1,
      concat(field(1, "p"), field(2, "n"), field(3, container)),
    ),
  };
  const answer = await client.list();
  ok(answer.kind === "answered");
  deepStrictEqual(answer.containers[0]?.claimDrivers, ["gpu.nvidia.com"]);
});

Deno.test("an empty node is an answer", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  deepStrictEqual(await client.list(), { kind: "answered", containers: [] });
});

Deno.test("a node of 250 pods with 16 devices each is read whole", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  const pods = Array.from({ length: 250 }, (_, pod) =>
    podWith(
      "serving",
      `worker-${pod}`,
      "nvidia.com/gpu",
      Array.from({ length: 16 }, (_, i) => `GPU-${pod}-${i}-${"0".repeat(30)}`),
    ));
  kubelet.answer = { kind: "reply", message: concat(...pods) };
  const answer = await client.list();
  ok(answer.kind === "answered");
  strictEqual(answer.containers.length, 250);
  strictEqual(answer.containers[249]?.devices[0]?.ids.length, 16);
});

Deno.test("no socket is silence, not an empty node", async () => {
  using client = new PodResourcesClient("/does/not/exist.sock", realClock);
  await silent(client, /"\/does\/not\/exist.sock" does not say/);
});

Deno.test("an error of the kubelet is silence", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  kubelet.answer = { kind: "error", code: 8, details: "rate limit exceeded" };
  await silent(client, /gRPC status 8 "rate limit exceeded"/);
});

Deno.test("a kubelet without the service is silent", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  kubelet.answer = { kind: "error", code: 12, details: "unknown service" };
  await silent(client, /gRPC status 12/);
});

Deno.test("bytes that are no reply are silence", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  for (
    const message of [
      new Uint8Array([0x0a, 0x7f]),
      new Uint8Array([0x0f]),
      new Uint8Array(20).fill(0xff),
      field(1, field(1, new Uint8Array([0xff]))),
      field(
        1,
        concat(field(3, concat(field(2, concat(field(1, "r")))))),
      ).slice(0, 5),
    ]
  ) {
    kubelet.answer = { kind: "reply", message };
    const answer = await client.list();
    ok(
      answer.kind === "silent" ||
        answer.containers.every((c) => c.devices.length === 0),
      JSON.stringify(answer),
    );
  }
});

Deno.test("a reply that breaks off is silence, whatever its beginning says", async () => {
  const whole = podWith("serving", "a", "nvidia.com/gpu", ["GPU-1"]);
  const socket = await Deno.makeTempDir();
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/grpc" });
    const length = new Uint8Array([0, 0, 0, 0, 2 * whole.length]);
    response.end(concat(length, whole));
  });
  const path = `${socket}/s`;
  await new Promise<void>((resolve) => server.listen(path, resolve));
  using client = new PodResourcesClient(path, realClock);
  await silent(client, /the reply has \d+ of \d+ bytes/);
  client[Symbol.dispose]();
  await new Promise((resolve) => server.close(resolve));
  await Deno.remove(socket, { recursive: true });
});

Deno.test("a giant reply is cut off", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  kubelet.answer = { kind: "reply", message: new Uint8Array((16 << 20) + 1) };
  await silent(client, /longer than 16777216 bytes/);
});

Deno.test("a kubelet that does not answer is silent after 5 s", async () => {
  await using kubelet = await Kubelet.start();
  const clock = new VirtualClock();
  using client = new PodResourcesClient(kubelet.socket, clock);
  kubelet.answer = { kind: "never" };
  const called = kubelet.called();
  const asking = silent(client, /no answer within 5 s/);
  await called;
  clock.advance(5_000);
  await asking;
});

Deno.test("after a restart of the kubelet the next question is answered", async () => {
  await using kubelet = await Kubelet.start();
  using client = new PodResourcesClient(kubelet.socket, realClock);
  strictEqual((await client.list()).kind, "answered");
  kubelet.stop();
  await silent(client, /./);
  await kubelet.restart();
  strictEqual((await client.list()).kind, "answered");
});
