/** Giving memory back: when, and what. @module */

import assert from "node:assert/strict";
import {
  AGAIN_MS,
  keepResidentMemoryLow,
  programPages,
  releaseResidentMemory,
  START_OVER_MS,
} from "../../../agent/resident_memory.ts";
import { TestClock } from "./world.ts";

Deno.test("memory is given back at once, when the start is over, and every hour until the end", async () => {
  const clock = new TestClock();
  const atMs: number[] = [];
  const ending = new AbortController();
  const keeping = keepResidentMemoryLow({
    clock,
    log: { info: (message) => assert.fail(message) },
    release: () => void atMs.push(clock.now()),
  }, ending.signal);
  await clock.advance(START_OVER_MS + 2 * AGAIN_MS);
  ending.abort();
  await keeping;
  assert.deepEqual(atMs, [
    0,
    START_OVER_MS,
    START_OVER_MS + AGAIN_MS,
    START_OVER_MS + 2 * AGAIN_MS,
  ]);
});

Deno.test("a process that may not says so once", async () => {
  const clock = new TestClock();
  const said: string[] = [];
  const keeping = keepResidentMemoryLow({
    clock,
    log: { info: (message) => void said.push(message) },
    release: () => {
      throw new Error("The C library cannot be opened");
    },
  }, new AbortController().signal);
  await clock.advance(START_OVER_MS + AGAIN_MS);
  await keeping;
  assert.equal(said.length, 1);
  assert.match(said[0]!, /C library cannot be opened/);
});

/** What the kernel says of each mapping of this process. */
function mappings() {
  const blocks = Deno.readTextFileSync("/proc/self/smaps")
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return blocks.map((block) => {
    const [, begin = "", end = "", path = ""] =
      /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)$/m.exec(block) ?? [];
    const kibibytes = (name: string) =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(block)?.[1]);
    return {
      begin: BigInt(`0x${begin}`),
      end: BigInt(`0x${end}`),
      path,
      changedKib: kibibytes("Anonymous"),
      residentKib: kibibytes("Rss"),
    };
  });
}

Deno.test({
  name:
    "only unchanged pages of the program's own file are given back [needs Linux]",
  ignore: Deno.build.os !== "linux",
  fn() {
    const ranges = programPages();
    assert.ok(ranges.length > 0);
    for (const { address, bytes } of ranges) {
      const inside = mappings().filter(({ begin, end }) =>
        begin < address + bytes && end > address
      );
      assert.ok(inside.length > 0);
      for (const { path, changedKib } of inside) {
        assert.equal(path, Deno.execPath());
        assert.equal(changedKib, 0);
      }
    }
  },
});

Deno.test({
  name:
    "what only the start ran is no longer held, and runs again when it is needed [needs Linux]",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const heldKib = () =>
      mappings().filter(({ path }) => path === Deno.execPath())
        .reduce((sum, { residentKib }) => sum + residentKib, 0);
    const before = heldKib();
    releaseResidentMemory();
    assert.ok(heldKib() < before * 0.7, `${before} → ${heldKib()} KiB`);
    const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(3));
    assert.equal(
      new Uint8Array(digest).toHex().slice(0, 16),
      "709e80c88487a241",
    );
  },
});
