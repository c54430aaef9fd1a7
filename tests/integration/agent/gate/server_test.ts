import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert";
import { GateServer } from "../../../../agent/gate/mod.ts";
import { MAX_CONNECTIONS_PER_POD } from "../../../../agent/gate/server.ts";
import { ProcessTable } from "../../../../agent/identity/mod.ts";
import { podCgroup } from "../../../unit/agent/identity/fake_proc.ts";
import { NO_GRANT, OPEN } from "./fake_ledger.ts";
import { Caller, GateHouse, peer, UID_A, UID_B } from "./gate_house.ts";

/** The code of the next answer; `open` when it opens. */
async function nextCode(caller: Caller): Promise<unknown> {
  const answer = await caller.next();
  return answer?.["answer"] === "open" ? "open" : answer?.["code"];
}

Deno.test("a granted pod is let through and told under what", async () => {
  await using house = await GateHouse.open();
  house.ledger.decide(OPEN);
  using caller = await house.call(100);
  deepStrictEqual(await caller.next(), {
    protocol: 1,
    answer: "open",
    generation: "5.3",
    gpus: [{ uuid: "GPU-1", granted_watts: 300, limit_watts: 300 }],
  });
  strictEqual(await caller.next(), undefined, "and the agent hangs up");
  deepStrictEqual(house.ledger.asked, [{ podUid: UID_A, pid: 100 }]);
});

Deno.test("a pod without a grant is told why it waits", async () => {
  await using house = await GateHouse.open();
  using caller = await house.call(100);
  deepStrictEqual(await caller.next(), {
    protocol: 1,
    answer: "wait",
    code: "no_grant",
    reason: "The planner has not granted this pod any watts.",
  });
});

Deno.test("a grant that arrives opens at once, not with the next heartbeat", async () => {
  await using house = await GateHouse.open();
  using caller = await house.call(100);
  strictEqual(await nextCode(caller), "no_grant");
  house.ledger.decide(OPEN);
  strictEqual(await nextCode(caller), "open");
  strictEqual(house.clock.now(), 0);
});

Deno.test("while a gate waits the ledger is asked anew every second", async () => {
  await using house = await GateHouse.open();
  using caller = await house.call(100);
  for (let asked = 1; asked <= 3; asked++) {
    strictEqual(await nextCode(caller), "no_grant");
    strictEqual(house.ledger.asked.length, asked);
    await house.clock.untilSleeping();
    house.clock.advance(1_000);
  }
});

Deno.test("a pod counts as waiting exactly while its gate is connected", async () => {
  await using house = await GateHouse.open();
  const caller = await house.call(100);
  await caller.next();
  deepStrictEqual(house.ledger.present, [{ podUid: UID_A, pid: 100 }]);
  deepStrictEqual([...house.server.waiting], [[UID_A, 1]]);
  caller[Symbol.dispose]();
  await house.ledger.until(() => house.ledger.present.length === 0);
});

Deno.test("a grant withdrawn before the agent has answered does not open", async () => {
  await using house = await GateHouse.open();
  const verdicts = [NO_GRANT, NO_GRANT, OPEN];
  house.ledger.answer = () => verdicts.shift() ?? NO_GRANT;
  using caller = await house.call(100);
  strictEqual(await nextCode(caller), "no_grant");
  house.ledger.answer = () => NO_GRANT;
  await house.clock.untilSleeping();
  house.clock.advance(1_000);
  strictEqual(await nextCode(caller), "no_grant");
});

Deno.test("an opening is for one start: the next one asks again", async () => {
  await using house = await GateHouse.open();
  house.ledger.decide(OPEN);
  using first = await house.call(100);
  strictEqual(await nextCode(first), "open");
  house.ledger.decide(NO_GRANT);
  using second = await house.call(100);
  strictEqual(await nextCode(second), "no_grant");
});

Deno.test("nothing that a caller says changes who it is", async () => {
  await using house = await GateHouse.open();
  const request = JSON.stringify({
    protocol: 1,
    ask: "start",
    podUid: UID_B,
    pid: 200,
    pod: { uid: UID_B },
  }).slice(0, 200) + "\n";
  using caller = await house.call(100, request);
  await caller.next();
  deepStrictEqual(house.ledger.asked, [{ podUid: UID_A, pid: 100 }]);
});

for (
  const [who, pid, reason] of [
    ["in no pod", 300, /in no pod/],
    ["that has ended", 999, /has ended/],
    ["outside the agent's PID namespace", 0, /hostPID/],
  ] as const
) {
  Deno.test(`a caller ${who} waits, is told why, and never reaches the ledger`, async () => {
    await using house = await GateHouse.open();
    house.ledger.decide(OPEN);
    using caller = await house.call(pid);
    const answer = await caller.next();
    strictEqual(answer?.["code"], "caller_not_identified");
    match(String(answer?.["reason"]), reason);
    deepStrictEqual(house.ledger.asked, []);
    deepStrictEqual(house.ledger.present, []);
  });
}

Deno.test("a caller whose pod can be told later is let through later", async () => {
  await using house = await GateHouse.open();
  house.ledger.decide(OPEN);
  house.proc.run(100, { cgroup: "0::/kubepods.slice\n" });
  using caller = await house.call(100);
  strictEqual(await nextCode(caller), "caller_not_identified");
  house.proc.run(100, { cgroup: podCgroup(UID_A), startTicks: 5_000_000 });
  await house.clock.untilSleeping();
  house.clock.advance(1_000);
  strictEqual(await nextCode(caller), "open");
});

Deno.test("a PID that becomes another pod's while the ledger thinks opens nothing", async () => {
  await using house = await GateHouse.open();
  house.ledger.answer = () => {
    house.proc.run(100, { cgroup: podCgroup(UID_B), startTicks: 5_000_000 });
    house.ledger.answer = () => NO_GRANT;
    return OPEN;
  };
  using caller = await house.call(100);
  strictEqual(await nextCode(caller), "no_grant");
  deepStrictEqual(house.ledger.asked.map(({ podUid }) => podUid), [
    UID_A,
    UID_B,
  ]);
});

Deno.test("where the kernel has handles, a reused PID is nobody", async () => {
  await using house = await GateHouse.open();
  house.ledger.decide(OPEN);
  const connecting = house.call(100);
  house.peer = peer(100, () => false);
  using caller = await connecting;
  strictEqual(await nextCode(caller), "caller_not_identified");
});

for (
  const [what, request] of [
    ["another protocol", '{"protocol":2,"ask":"start"}\n'],
    ["another question", '{"protocol":1,"ask":"everything"}\n'],
    ["no JSON", "GET / HTTP/1.1\r\n"],
    ["null", "null\n"],
    ["an endless line", "x".repeat(1000)],
  ] as const
) {
  Deno.test(`who says ${what} is cut off`, async () => {
    await using house = await GateHouse.open();
    house.ledger.decide(OPEN);
    using caller = await house.call(100, request);
    strictEqual(await caller.next(), undefined);
    deepStrictEqual(house.ledger.asked, []);
  });
}

Deno.test("who says nothing is cut off after 5 s", async () => {
  await using house = await GateHouse.open();
  using caller = await house.call(100, '{"protocol"');
  await house.clock.untilSleeping();
  house.clock.advance(5_000);
  strictEqual(await caller.next(), undefined);
});

Deno.test("a pod that connects without end does not keep others out", async () => {
  await using house = await GateHouse.open();
  const flood: Caller[] = [];
  for (let i = 0; i < MAX_CONNECTIONS_PER_POD; i++) {
    const caller = await house.call(100);
    strictEqual(await nextCode(caller), "no_grant");
    flood.push(caller);
  }
  using tooMany = await house.call(100);
  strictEqual(await tooMany.next(), undefined);
  using other = await house.call(200);
  strictEqual(await nextCode(other), "no_grant");
  flood.pop()?.[Symbol.dispose]();
  await house.ledger.until(() =>
    house.ledger.present.length === MAX_CONNECTIONS_PER_POD
  );
  using again = await house.call(100);
  strictEqual(await nextCode(again), "no_grant");
  for (const caller of flood) caller[Symbol.dispose]();
});

Deno.test("an agent that stops hangs up, and the next one takes the socket over", async () => {
  await using house = await GateHouse.open();
  using before = await house.call(100);
  await before.next();
  await house.restartAgent();
  strictEqual(await before.next(), undefined);
  await house.ledger.until(() => house.ledger.present.length === 0);
  using after = await house.call(100);
  strictEqual(await nextCode(after), "no_grant");
});

Deno.test("any user of the node may connect", async () => {
  await using house = await GateHouse.open();
  const { mode } = await Deno.stat(house.socket);
  strictEqual((mode ?? 0) & 0o777, 0o666);
});

Deno.test("a file that is no socket is left where it is", async () => {
  const path = await Deno.makeTempFile();
  await using house = await GateHouse.open();
  await rejects(
    GateServer.listen(path, {
      ledger: house.ledger,
      processes: new ProcessTable(house.proc.root),
      clock: house.clock,
    }),
    /no socket is there/,
  );
  ok((await Deno.stat(path)).isFile);
  await Deno.remove(path);
});
