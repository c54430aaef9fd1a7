import assert from "node:assert/strict";
import { KubernetesSink } from "../../../agent/kubernetes_sink.ts";
import {
  ApiClient,
  ApiTransport,
  encodeNodePowerReport,
  type NodePowerReport,
} from "../../../cluster/mod.ts";
import { VirtualClock } from "../../unit/cluster/virtual_clock.ts";
import {
  type Exchange,
  ScriptedApiServer,
} from "../cluster/scripted_api_server.ts";

const PATH = "/apis/wattkeeper.dev/v1alpha1/nodepowerreports";

function report(sequence: number): NodePowerReport {
  return {
    nodeName: "gpu-1",
    observedAt: new Date(Date.UTC(2026, 0, 1) + sequence * 1000),
    agentVersion: "0.1.0",
    bootId: "b",
    driverSession: "d-1",
    safeDefaultWatts: 500,
    sequence,
    gpus: [],
  };
}

/** The object that the server holds after `sequence` at `resourceVersion`. */
function stored(sequence: number, resourceVersion: string) {
  const object = encodeNodePowerReport(report(sequence));
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

const NOT_FOUND = {
  reason: "NotFound",
  message: 'nodepowerreports.wattkeeper.dev "gpu-1" not found',
};

/** A sink that runs against a scripted server. */
class Rig implements AsyncDisposable {
  readonly said: string[] = [];
  readonly clock = new VirtualClock();
  readonly sink: KubernetesSink;
  readonly #stop = new AbortController();
  readonly #transport: ApiTransport;
  #running: Promise<void> | undefined;
  #faults = 0;

  private constructor(readonly server: ScriptedApiServer) {
    const { url } = server;
    this.#transport = new ApiTransport(() =>
      Promise.resolve({ server: url, caCertificates: [], namespace: "" })
    );
    const environment = { clock: this.clock, random: () => 0.5 };
    this.sink = new KubernetesSink({
      ...environment,
      client: new ApiClient(this.#transport, environment),
      nodeName: "gpu-1",
      log: {
        info: (text) => this.said.push(text),
        warning: (text) => this.said.push(text),
      },
    });
  }

  static async start(): Promise<Rig> {
    const rig = await Rig.idle();
    rig.run();
    return rig;
  }

  /** As an agent has it before its first pass. */
  static async idle(): Promise<Rig> {
    return new Rig(await ScriptedApiServer.start());
  }

  run(): void {
    this.#running = this.sink.run(this.#stop.signal);
  }

  /** Takes the next request, which must be this one. */
  async take(method: string, path: string): Promise<Exchange> {
    const exchange = await this.server.next();
    assert.equal(
      `${exchange.method} ${exchange.url.pathname}`,
      `${method} ${path}`,
    );
    return exchange;
  }

  /** Lets the delay before the next attempt pass. */
  async passDelay(): Promise<number> {
    this.#faults++;
    while (
      this.sink.counts().failed < this.#faults ||
      this.clock.pendingMs.length === 0
    ) await new Promise((resolve) => setTimeout(resolve));
    const delayMs = this.clock.pendingMs[0] ?? NaN;
    this.clock.advance(delayMs);
    return delayMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#transport[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

Deno.test("a node's first report makes the object, then its status; later ones replace version by version", async () => {
  await using rig = await Rig.start();
  rig.sink.publish(report(1));
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(404, NOT_FOUND);
  assert.equal(await rig.sink.last(), undefined);
  const create = await rig.take("POST", PATH);
  assert.deepEqual(await create.json(), {
    apiVersion: "wattkeeper.dev/v1alpha1",
    kind: "NodePowerReport",
    metadata: { name: "gpu-1" },
  });
  create.answer(201, { metadata: { name: "gpu-1", resourceVersion: "10" } });
  const first = await rig.take("PUT", `${PATH}/gpu-1/status`);
  assert.deepEqual(await first.json(), stored(1, "10"));
  first.answer(200, stored(1, "11"));
  await rig.sink.flush(new AbortController().signal);
  rig.sink.publish(report(2));
  const second = await rig.take("PUT", `${PATH}/gpu-1/status`);
  assert.deepEqual(await second.json(), stored(2, "11"));
  second.answer(200, stored(2, "12"));
  await rig.sink.flush(new AbortController().signal);
  assert.deepEqual(rig.sink.counts(), { delivered: 2, failed: 0 });
  assert.equal(rig.sink.fault(), undefined);
});

Deno.test("what the server holds is read before anything is written, and is the node's last report", async () => {
  await using rig = await Rig.start();
  rig.sink.publish(report(8));
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(7, "3"));
  assert.deepEqual(await rig.sink.last(), report(7));
  (await rig.take("PUT", `${PATH}/gpu-1/status`)).answer(200, stored(8, "4"));
  await rig.sink.flush(new AbortController().signal);
});

Deno.test("the node's last report is asked for before anything is delivered, and once", async () => {
  await using rig = await Rig.idle();
  const last = rig.sink.last();
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(7, "3"));
  assert.deepEqual(await last, report(7));
  rig.run();
  rig.sink.publish(report(8));
  (await rig.take("PUT", `${PATH}/gpu-1/status`)).answer(200, stored(8, "4"));
  await rig.sink.flush(new AbortController().signal);
});

Deno.test("a report that is not later than the stored one is never written", async () => {
  await using rig = await Rig.start();
  rig.sink.publish(report(2));
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(7, "3"));
  await rig.sink.flush(new AbortController().signal);
  assert.match(rig.sink.fault() ?? "", /holds report 7, and this is only 2/);
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(7, "3"));
  rig.sink.publish(report(8));
  (await rig.take("PUT", `${PATH}/gpu-1/status`)).answer(200, stored(8, "4"));
  await rig.sink.flush(new AbortController().signal);
  assert.equal(rig.sink.fault(), undefined);
});

Deno.test("a conflict is read anew, and the newest report is written then", async () => {
  await using rig = await Rig.start();
  rig.sink.publish(report(2));
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(1, "3"));
  const first = await rig.take("PUT", `${PATH}/gpu-1/status`);
  rig.sink.publish(report(3));
  first.answer(409, { reason: "Conflict", message: "has been modified" });
  await rig.passDelay();
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(1, "5"));
  const again = await rig.take("PUT", `${PATH}/gpu-1/status`);
  assert.deepEqual(await again.json(), stored(3, "5"));
  again.answer(200, stored(3, "6"));
  await rig.sink.flush(new AbortController().signal);
  assert.deepEqual(rig.sink.counts(), { delivered: 1, failed: 1 });
});

Deno.test("a write whose answer was lost is looked up; when it landed it is not written again", async () => {
  await using rig = await Rig.start();
  rig.sink.publish(report(2));
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(1, "3"));
  (await rig.take("PUT", `${PATH}/gpu-1/status`)).reset();
  await rig.passDelay();
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(200, stored(2, "4"));
  await rig.sink.flush(new AbortController().signal);
  assert.equal(rig.sink.fault(), undefined);
  assert.equal(rig.sink.counts().delivered, 1);
});

Deno.test("a server that is away is asked ever later, and the fault is said once", async () => {
  await using rig = await Rig.start();
  const delays: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    (await rig.take("GET", `${PATH}/gpu-1`)).answer(403, {
      message:
        'User "u" cannot get resource "nodepowerreports" in API group "wattkeeper.dev" at the cluster scope',
    });
    delays.push(await rig.passDelay());
  }
  assert.deepEqual(delays.slice(0, 3), [150, 300, 600]);
  assert.equal(delays.at(-1), 11_250);
  assert.match(rig.sink.fault() ?? "", /verbs: \["get"\]/);
  assert.equal(rig.said.length, 1);
});

Deno.test("without the CRD the fault says what to apply", async () => {
  await using rig = await Rig.start();
  (await rig.take("GET", `${PATH}/gpu-1`)).answer(404, {
    reason: "NotFound",
    message: "the server could not find the requested resource",
  });
  await rig.passDelay();
  assert.match(rig.sink.fault() ?? "", /apply deploy\/base\/crd/);
});

Deno.test("a flush ends with its signal, and delivering goes on", async () => {
  await using rig = await Rig.start();
  rig.sink.publish(report(1));
  const waiting = await rig.take("GET", `${PATH}/gpu-1`);
  const patience = new AbortController();
  const flushing = rig.sink.flush(patience.signal);
  patience.abort();
  await flushing;
  waiting.answer(200, stored(0, "1"));
  (await rig.take("PUT", `${PATH}/gpu-1/status`)).answer(200, stored(1, "2"));
  await rig.sink.flush(new AbortController().signal);
});
