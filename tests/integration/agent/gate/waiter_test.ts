import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { type Explanation, waitUntilOpen } from "../../../../agent/gate/mod.ts";
import type { AgentMissing } from "../../../../agent/gate/mod.ts";
import { WattkeeperError } from "../../../../service/mod.ts";
import { VirtualClock } from "../../../unit/cluster/virtual_clock.ts";

const OPEN =
  '{"protocol":1,"answer":"open","generation":"5.3","gpus":[{"uuid":"GPU-1","granted_watts":300,"limit_watts":300}]}';
const WAIT =
  '{"protocol":1,"answer":"wait","code":"no_grant","reason":"no grant yet"}';

/** A gate on virtual time, and a socket at which the test plays the agent. */
class Waiting implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly said: Explanation[] = [];
  readonly stop = new AbortController();
  readonly socket: string;
  readonly #folder: string;
  #listener: Deno.UnixListener | undefined;
  #heard: (() => void)[] = [];
  #ended: Promise<boolean> = Promise.resolve(false);

  constructor() {
    this.#folder = Deno.makeTempDirSync();
    this.socket = `${this.#folder}/gate.sock`;
  }

  /** Starts the gate. */
  run(onAgentMissing: AgentMissing = "wait") {
    const outcome = waitUntilOpen({
      socket: this.socket,
      onAgentMissing,
      agentMissingAfterMs: 60_000,
    }, {
      clock: this.clock,
      random: () => 0,
      signal: this.stop.signal,
      explain: (said) => {
        this.said.push(said);
        for (const heard of this.#heard.splice(0)) heard();
      },
    });
    this.#ended = outcome.then(() => true, () => true);
    return outcome;
  }

  startAgent(): void {
    this.#listener = Deno.listen({ transport: "unix", path: this.socket });
  }

  stopAgent(): void {
    this.#listener?.close();
    this.#listener = undefined;
    try {
      Deno.removeSync(this.socket);
    } catch { /* it was not there */ }
  }

  /** The next connection, after its request. */
  async accept() {
    ok(this.#listener);
    const connection = await this.#listener.accept();
    const buffer = new Uint8Array(1024);
    const read = await connection.read(buffer);
    return {
      request: new TextDecoder().decode(buffer.subarray(0, read ?? 0)),
      say: (text: string) =>
        connection.write(new TextEncoder().encode(`${text}\n`)),
      hangUp: () => connection.close(),
    };
  }

  /** Resolves when the gate has explained itself `count` times. */
  async explained(count: number): Promise<void> {
    while (this.said.length < count) {
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }

  /** Lets virtual time pass while the gate, without an agent, tries again and again, or until it has ended. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    while (this.clock.now() < end) {
      const sleeping = this.clock.untilSleeping().then(() => false);
      if (await Promise.race([this.#ended, sleeping])) return;
      this.clock.advance(
        Math.min(this.clock.pendingMs[0] ?? 0, end - this.clock.now()),
      );
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort(new Error("The test is over."));
    this.stopAgent();
    return Deno.remove(this.#folder, { recursive: true });
  }
}

Deno.test("the gate asks, and ends its wait with the agent's `open`", async () => {
  await using gate = new Waiting();
  gate.startAgent();
  const outcome = gate.run();
  const agent = await gate.accept();
  strictEqual(agent.request, '{"protocol":1,"ask":"start"}\n');
  await agent.say(OPEN);
  deepStrictEqual(await outcome, {
    kind: "open",
    generation: { epoch: 5, sequence: 3 },
    gpus: [{ uuid: "GPU-1", grantedWatts: 300, limitWatts: 300 }],
  });
  deepStrictEqual(gate.said, []);
  agent.hangUp();
});

Deno.test("it says why it waits at once, when that changes, and every 10 s", async () => {
  await using gate = new Waiting();
  gate.startAgent();
  gate.run();
  const agent = await gate.accept();
  for (let second = 0; second < 12; second++) {
    await agent.say(WAIT);
    await agent.say(
      second === 11 ? WAIT.replace("no_grant", "limit_not_enforced") : WAIT,
    );
    if (second === 0) await gate.explained(1);
    if (second === 10) await gate.explained(2);
    gate.clock.advance(1_000);
  }
  await gate.explained(3);
  deepStrictEqual(gate.said.map(({ code }) => code), [
    "no_grant",
    "no_grant",
    "limit_not_enforced",
  ]);
  ok((gate.said[1]?.waitedMs ?? 0) >= 10_000);
  agent.hangUp();
});

Deno.test("without an agent it waits for hours, and says so", async () => {
  await using gate = new Waiting();
  gate.run();
  await gate.pass(600_000);
  ok(gate.said.length >= 55 && gate.said.length <= 61, `${gate.said.length}`);
  match(gate.said[0]?.reason ?? "", /No agent answers at/);
});

Deno.test("an agent that comes later lets it through", async () => {
  await using gate = new Waiting();
  const outcome = gate.run();
  await gate.pass(5_000);
  gate.startAgent();
  const accepting = gate.accept();
  await gate.pass(1_000);
  const agent = await accepting;
  await agent.say(OPEN);
  strictEqual((await outcome).kind, "open");
  agent.hangUp();
});

Deno.test("an agent that restarts is not missing", async () => {
  await using gate = new Waiting();
  gate.startAgent();
  const outcome = gate.run("fail");
  const before = await gate.accept();
  for (let codes = 1; codes <= 4; codes++) {
    await before.say(WAIT.replace("no_grant", `code_${codes}`));
    await gate.explained(codes);
    gate.clock.advance(9_000);
  }
  before.hangUp();
  gate.stopAgent();
  await gate.explained(5);
  await gate.pass(50_000);
  gate.startAgent();
  const accepting = gate.accept();
  await gate.pass(1_000);
  const after = await accepting;
  await after.say(OPEN);
  strictEqual((await outcome).kind, "open");
  after.hangUp();
});

Deno.test("--on-agent-missing fail ends after the grace, with what to look at", async () => {
  await using gate = new Waiting();
  const outcome = gate.run("fail");
  await gate.pass(59_000);
  const failing = rejects(outcome, (error) => {
    ok(error instanceof WattkeeperError);
    strictEqual(error.code, "agent_missing");
    strictEqual(error.exitCode, 1);
    return true;
  });
  await gate.pass(2_000);
  await failing;
});

Deno.test("--on-agent-missing run starts after the grace", async () => {
  await using gate = new Waiting();
  const outcome = gate.run("run");
  await gate.pass(62_000);
  strictEqual((await outcome).kind, "agent_missing");
});

Deno.test("--on-agent-missing run does not start while an agent says wait", async () => {
  await using gate = new Waiting();
  gate.startAgent();
  let ended = false;
  gate.run("run").then(() => ended = true, () => {});
  const agent = await gate.accept();
  for (let codes = 1; codes <= 20; codes++) {
    await agent.say(WAIT.replace("no_grant", `code_${codes}`));
    await gate.explained(codes);
    gate.clock.advance(9_000);
  }
  strictEqual(ended, false);
  agent.hangUp();
});

Deno.test("an agent that is silent for 10 s is left for the next", async () => {
  await using gate = new Waiting();
  gate.startAgent();
  const outcome = gate.run();
  const stuck = await gate.accept();
  await stuck.say(WAIT);
  await gate.explained(1);
  const accepting = gate.accept();
  gate.clock.advance(10_000);
  await gate.explained(2);
  match(gate.said[1]?.reason ?? "", /does not answer/);
  await gate.pass(1_000);
  const next = await accepting;
  await next.say(OPEN);
  strictEqual((await outcome).kind, "open");
  stuck.hangUp();
  next.hangUp();
});

Deno.test("an agent that takes connections and never answers is missing", async () => {
  await using gate = new Waiting();
  gate.startAgent();
  const failing = rejects(gate.run("fail"), /does not answer/);
  while (gate.clock.now() < 60_000) {
    const stuck = await gate.accept();
    gate.clock.advance(10_000);
    await gate.explained(1);
    stuck.hangUp();
    await gate.pass(1_500);
  }
  await failing;
});

for (
  const [what, text] of [
    ["garbage", "<html>"],
    ["another protocol", OPEN.replace('"protocol":1', '"protocol":2')],
    ["an opening without GPUs", OPEN.replace(/\[.*\]/, "[]")],
    ["an opening with half a GPU", OPEN.replace('"limit_watts":300', '"x":1')],
    ["an opening without generation", OPEN.replace("5.3", "")],
    ["another word", OPEN.replace('"open"', '"opened"')],
    ["no end of line", "x".repeat(20_000)],
  ] as const
) {
  Deno.test(`${what} opens nothing`, async () => {
    await using gate = new Waiting();
    gate.startAgent();
    gate.run("run");
    const agent = await gate.accept();
    await agent.say(text).catch(() => 0);
    await gate.explained(1);
    match(gate.said[0]?.reason ?? "", /not understood/);
    agent.hangUp();
  });
}

Deno.test("a container that is stopped does not wait on", async () => {
  for (const withAgent of [true, false]) {
    await using gate = new Waiting();
    if (withAgent) gate.startAgent();
    const outcome = gate.run();
    const agent = withAgent ? await gate.accept() : undefined;
    if (!withAgent) await gate.explained(1);
    gate.stop.abort(new Error("SIGTERM"));
    await rejects(outcome, /SIGTERM/);
    agent?.hangUp();
  }
});
