/** `plan` as a service from end to end: simulated and virtual fleets, files, signals, and no write where none may be. @module */

import assert from "node:assert/strict";
import type { CommandContext } from "../../../cli/command.ts";
import { command } from "../../../cli/commands/plan.ts";
import { openSimulated } from "../../../planner/environments/mod.ts";
import { openEstimators } from "../../../optimizer-wasm/mod.ts";
import {
  openModel,
  type PlannerConfig,
  type PlannerService,
  runService,
  searchWith,
} from "../../../planner/mod.ts";
import { parsePlannerConfig } from "../../../planner/config/mod.ts";
import { StateFile } from "../../../planner/persist/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";

const EXAMPLE = new URL(
  "../../../docs/examples/h200_disagg.yaml",
  import.meta.url,
).pathname;

async function plan(
  flags: CommandContext["flags"],
  options: {
    readonly output?: CommandContext["output"];
    readonly signal?: AbortSignal;
    readonly onWrite?: (text: string) => void;
  } = {},
): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const store = await Deno.makeTempDir();
  try {
    const code = await command.run?.({
      flags: { config: EXAMPLE, store, ...flags },
      positionals: [],
      output: options.output ?? "table",
      signal: options.signal ?? new AbortController().signal,
      write: (part) => {
        text += part;
        options.onWrite?.(part);
      },
      progress: { update() {}, end() {} },
    });
    return { code: code ?? -1, text };
  } finally {
    await Deno.remove(store, { recursive: true });
  }
}

async function fails(
  code: WattkeeperError["code"],
  run: Promise<unknown>,
  ...words: readonly string[]
): Promise<void> {
  await assert.rejects(run, (error) => {
    assert(error instanceof WattkeeperError, String(error));
    assert.equal(error.code, code);
    const told = `${error.message} ${error.remedy}`;
    for (const word of words) assert(told.includes(word), told);
    return true;
  });
}

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

const opener = await openEstimators(await Deno.makeTempDir());

async function exampleConfig(
  change: (text: string) => string = (text) => text,
): Promise<PlannerConfig> {
  return parsePlannerConfig({
    text: change(await Deno.readTextFile(EXAMPLE)),
    name: "example",
  }).config;
}

/** Whether a promise is still pending after the work that is due now. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const later = Symbol();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise((resolve) => {
    timer = setTimeout(() => resolve(later), 200);
  });
  const first = await Promise.race([promise, pause]);
  clearTimeout(timer);
  return first === later;
}

/** A planner over a simulated world that only the test moves. */
async function simulated(
  config: PlannerConfig,
  input: Partial<Parameters<typeof runService>[0]> = {},
) {
  const opened = await openModel(
    config,
    searchWith(opener),
  );
  const environment = openSimulated({
    config,
    model: opened.model,
    estimators: opened.estimators,
    seed: 7,
    speed: undefined,
    startMs: Date.UTC(2026, 0, 5, 9),
  });
  const stopping = new AbortController();
  let service: PlannerService | undefined;
  // As it is before the first tick, which may come before anybody looks.
  let restored: PlannerService["loop"]["state"] | undefined;
  const running = runService({
    config,
    model: opened.model,
    environment,
    ...input,
    started(started) {
      service = started;
      restored = started.loop.state;
    },
  }, stopping.signal);
  while (!service) await new Promise((resolve) => setTimeout(resolve, 0));
  return {
    environment,
    service,
    restored,
    async stop() {
      stopping.abort();
      // The file is written in real time: simulated time only moves when nothing else does.
      while (await isPending(running)) {
        await environment.clock.runTo(environment.clock.now() + 1_000);
      }
      await running;
      await environment[Symbol.asyncDispose]();
    },
  };
}

Deno.test("plan --once on a simulated fleet: one decision, and what would be written", async () => {
  const { code, text } = await plan({ once: true, speed: 50 });
  assert.equal(code, 0);
  assert.match(text, /^Decision 1 /);
  assert.match(text, /Would write first/);
});

Deno.test("plan --once --output json is one record with its transition", async () => {
  const { text } = await plan({ once: true, speed: 50 }, { output: "json" });
  const record = JSON.parse(text);
  assert.equal(record.advisory, true);
  assert.equal(record.environment, "simulated");
  assert(record.transition.steps.length > 0);
});

Deno.test("plan runs until it is told to stop, and leaves decisions and state behind", async () => {
  await using place = await folder();
  const stopping = new AbortController();
  const decisions = `${place.path}/decisions.jsonl`;
  const state = `${place.path}/state`;
  let lines = 0;
  const { code } = await plan(
    { speed: 600, decisions, state, listen: "127.0.0.1:0" },
    {
      output: "jsonl",
      signal: stopping.signal,
      onWrite: () => {
        if (++lines === 3) stopping.abort();
      },
    },
  );
  assert.equal(code, 0);
  const records = (await Deno.readTextFile(decisions)).trim().split("\n")
    .map((line) => JSON.parse(line));
  assert(records.length >= 3);
  assert.deepEqual(
    records.map(({ id }) => id),
    records.map((_, index) => index + 1),
  );
  const loaded = await new StateFile(state).load();
  assert.equal(
    loaded.kind === "state" && loaded.saved.state.sequence,
    records.length,
  );
});

Deno.test("a kubeconfig that is not there is named", async () => {
  await using place = await folder();
  const config = `${place.path}/k8s.yaml`;
  const text = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    config,
    text.replace(
      "environment: simulated",
      "environment: kubernetes\nnamespace: ns\ndgd_name: chat",
    ),
  );
  await fails(
    "file_not_found",
    plan({ config, kubeconfig: "/nowhere", context: "x" }),
    "/nowhere",
  );
});

Deno.test("flags that need something else say what", async () => {
  await using place = await folder();
  const config = `${place.path}/virtual.yaml`;
  const text = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    config,
    text.replace("environment: simulated", "environment: virtual"),
  );
  await fails("invalid_usage", plan({ config }), "--listen");
  await fails(
    "invalid_usage",
    plan({ config, listen: "127.0.0.1:0", speed: 5 }),
    "--speed",
  );
  await fails("invalid_usage", plan({}, { output: "json" }), "jsonl");
  await fails("invalid_value", plan({ listen: "here" }), "HOST:PORT");
  await fails("invalid_usage", plan({ at: 5 }), "--trace");
});

Deno.test("over two simulated hours the limits never pass the budget, and traffic is served", async () => {
  const it = await simulated(await exampleConfig());
  const { clock, world } = it.environment;
  await clock.runTo(2 * 3_600_000);
  const { last } = it.service.loop;
  assert.deepEqual(world.violations, []);
  assert(last && last.decision.sequence > 30);
  assert(world.meter.totalRequests > 0.9 * 2 * 3600 * 5);
  assert(last.transition && last.transition.chargedWatts <= 6000);
  await it.stop();
});

Deno.test("a lower budget is complied with in time, and never broken on the way", async () => {
  const config = await exampleConfig();
  const it = await simulated(config);
  const { clock, world } = it.environment;
  await clock.runTo(1_800_000);
  assert(world.limitWatts() > 3000, `${world.limitWatts()}`);
  const lower = await exampleConfig((text) =>
    text.replace("power_limit: 6000", "power_limit: 3000")
  );
  it.service.loop.settings.reload(lower);
  await clock.runTo(clock.now() + 120_000);
  const { transition } = it.service.loop.last!;
  assert.equal(transition?.compliant, true);
  assert.equal(transition?.budgetInForceWatts, 3000);
  assert(world.limitWatts() <= 3000);
  assert.deepEqual(world.violations, []);
  const { text } = await it.service.server.metrics.exposition();
  const series = text.split("\n").filter((line) =>
    line.includes("time_to_compliance_seconds_count{")
  );
  assert.deepEqual(series.map((line) => line.split(" ").at(-1)), ["1"]);
  await it.stop();
});

for (const line of ["advisory: true", "paused: true"]) {
  Deno.test(`${line}: an hour of decisions and not one write at any port`, async () => {
    const config = await exampleConfig((text) => `${text}\n${line}\n`);
    const it = await simulated(config);
    const { environment: { world, clock, fleet }, service } = it;
    const writes: string[] = [];
    const ports = [
      [fleet, ["apply"]],
      [world.api, ["patchPod", "scale", "putLease"]],
      ...(config.advisory
        ? [[world.api, ["takeLease", "renewLease"]] as const]
        : []),
    ] as const;
    for (const [port, names] of ports) count(port, names, writes);
    const realFetch = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      writes.push(`fetch ${init?.method ?? "GET"} ${input}`);
      return realFetch(input, init);
    };
    try {
      const leaseBefore = world.api.lease;
      await clock.runTo(clock.now() + 3_600_000);
      assert(service.loop.last!.decision.sequence >= 20);
      assert(service.loop.last!.transition!.steps.length > 0);
      assert.deepEqual(writes, []);
      for (const { pod } of world.api.pods()) {
        assert.deepEqual([pod.powerGrant, pod.powerLimit], [
          undefined,
          undefined,
        ]);
      }
      if (config.advisory) assert.deepEqual(world.api.lease, leaseBefore);
    } finally {
      globalThis.fetch = realFetch;
      await it.stop();
    }
  });
}

/** Notes every call of a method. */
function count(
  port: object,
  names: readonly string[],
  writes: string[],
): void {
  for (const name of names) {
    const real = Reflect.get(port, name);
    assert.equal(typeof real, "function", name);
    Reflect.set(port, name, (...given: unknown[]) => {
      writes.push(name);
      return Reflect.apply(real, port, given);
    });
  }
}

Deno.test("a virtual fleet: wanted is published, observed is taken, both on the planner's port", async () => {
  await using place = await folder();
  const config = `${place.path}/virtual.yaml`;
  const text = await Deno.readTextFile(EXAMPLE);
  await Deno.writeTextFile(
    config,
    `${
      text.replace("environment: simulated", "environment: virtual")
    }\ndynamo_namespace: chat\nprometheus_url: http://127.0.0.1:1\nprometheus_timeout_seconds: 1\n`,
  );
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const stopping = new AbortController();
  const running = plan(
    { config, listen: `127.0.0.1:${port}` },
    { signal: stopping.signal },
  );
  const base = `http://127.0.0.1:${port}`;
  let wanted: Response | undefined;
  for (let i = 0; i < 200 && !wanted; i++) {
    wanted = await fetch(`${base}/virtual/v1/wanted`).catch(() => undefined);
    if (!wanted) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(wanted?.status, 200);
  await wanted?.body?.cancel();
  const ready = await fetch(`${base}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /snapshot|decision/);
  stopping.abort();
  assert.equal((await running).code, 0);
});

Deno.test("state survives a restart, coefficients and number included", async () => {
  await using place = await folder();
  const stateFile = new StateFile(`${place.path}/state`);
  const config = await exampleConfig();
  const first = await simulated(config, { stateFile });
  await first.environment.clock.runTo(1_800_000);
  await first.stop();
  const { coefficients, sequence } = first.service.loop.state;
  const second = await simulated(config, { stateFile });
  assert.deepEqual(second.restored?.coefficients, coefficients);
  await second.environment.clock.runTo(1_000);
  assert.equal(second.service.loop.last?.decision.sequence, sequence + 1);
  await second.stop();
});
