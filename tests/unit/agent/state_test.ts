/** The durable record: whole or quarantined, never half, never erased. @module */

import assert from "node:assert/strict";
import { StateStore } from "../../../agent/state.ts";
import { MemoryFiles } from "./memory_files.ts";
import { applied, owner } from "./situations.ts";

const entry = applied([
  owner("a", { generation: { epoch: 5, sequence: 3 }, openedBoot: "b" }),
]);

Deno.test("StateStore gives back after a restart what it was given", async () => {
  const files = new MemoryFiles();
  const store = await StateStore.open(files);
  assert.equal(store.health.kind, "missing");
  assert.equal(await store.update("GPU-0", () => entry), true);
  const again = await StateStore.open(files);
  assert.equal(again.health.kind, "intact");
  assert.deepEqual(again.entry("GPU-0"), entry);
  const left = { ...entry, leftWatts: 492 };
  await again.update("GPU-0", () => left);
  assert.deepEqual((await StateStore.open(files)).entry("GPU-0"), left);
});

Deno.test("StateStore survives a crash at every step of every write", async () => {
  for (let steps = 0; steps < 60; steps++) {
    const files = new MemoryFiles();
    const store = await StateStore.open(files);
    let finished = 0;
    files.stepsLeft = steps;
    for (let i = 1; i <= 12; i++) {
      const ok = await store.update(
        "GPU-0",
        () => ({ ...entry, beforeWatts: i }),
      );
      if (!ok) break;
      finished = i;
    }
    files.stepsLeft = Infinity;
    const again = await StateStore.open(files);
    const found = again.entry("GPU-0")?.beforeWatts ?? 0;
    assert.ok(
      found === finished || found === finished + 1,
      `${steps}: ${found} after ${finished}`,
    );
    if (finished > 0) assert.equal(again.health.kind, "intact");
    // What a restart finishes must hold through the next crash too.
    files.stepsLeft = 0;
    await again.update("GPU-0", () => undefined);
    files.stepsLeft = Infinity;
    const third = await StateStore.open(files);
    assert.equal(third.entry("GPU-0")?.beforeWatts ?? 0, found);
  }
});

Deno.test("StateStore sets a damaged file aside and uses the last good copy", async () => {
  const damages: Record<string, (text: string) => string> = {
    "one bit": (text) => text.replace("700", "701"),
    truncated: (text) => text.slice(0, 40),
    empty: () => "",
    "not ours": () => "{}\n{}\n",
    "another version": (text) => text.replace('"version":1', '"version":2'),
    binary: () => "\0\0\0",
  };
  for (const [name, damage] of Object.entries(damages)) {
    const files = new MemoryFiles();
    const store = await StateStore.open(files);
    await store.update("GPU-0", () => entry);
    await store.update("GPU-1", () => ({ ...entry, uuid: "GPU-1" }));
    const text = files.files.get("state.json")!;
    files.files.set("state.json", damage(text));
    const again = await StateStore.open(files);
    assert.equal(again.health.kind, "quarantined", name);
    assert.deepEqual(again.entry("GPU-0"), entry, name);
    assert.equal(
      files.files.get("state.json.quarantine-1"),
      damage(text),
      name,
    );
  }
});

Deno.test("StateStore never overwrites an earlier quarantine", async () => {
  const files = new MemoryFiles();
  for (const text of ["first", "second"]) {
    files.files.set("state.json", text);
    await StateStore.open(files);
  }
  assert.equal(files.files.get("state.json.quarantine-1"), "first");
  assert.equal(files.files.get("state.json.quarantine-2"), "second");
});

Deno.test("StateStore says why a write failed and has not changed", async () => {
  const files = new MemoryFiles();
  const store = await StateStore.open(files);
  await store.update("GPU-0", () => entry);
  files.broken = true;
  assert.equal(await store.update("GPU-0", () => undefined), false);
  assert.match(store.fault ?? "", /No space left/);
  assert.deepEqual(store.entry("GPU-0"), entry);
  files.broken = false;
  assert.equal(await store.update("GPU-0", () => undefined), true);
  assert.equal(store.fault, undefined);
});

Deno.test("StateStore puts concurrent changes one after another", async () => {
  const files = new MemoryFiles();
  const store = await StateStore.open(files);
  const uuids = Array.from({ length: 20 }, (_, i) => `GPU-${i}`);
  await Promise.all(
    uuids.map((uuid) => store.update(uuid, () => ({ ...entry, uuid }))),
  );
  const again = await StateStore.open(files);
  assert.equal(again.entries().length, 20);
});

Deno.test("StateStore's report sequence grows across restarts", async () => {
  const files = new MemoryFiles();
  let last = -1;
  for (let restart = 0; restart < 3; restart++) {
    const store = await StateStore.open(files);
    for (let i = 0; i < 5; i++) {
      const next = await store.nextSequence() ?? NaN;
      assert.ok(next > last);
      last = next;
    }
  }
});

Deno.test("StateStore gives no sequence that a crash could make it give again", async () => {
  const files = new MemoryFiles();
  const store = await StateStore.open(files);
  files.broken = true;
  assert.equal(await store.nextSequence(), undefined);
  files.broken = false;
  assert.equal(await store.nextSequence(), 0);
});

Deno.test("StateStore goes on above a report that was sent before the record was lost", async () => {
  const store = await StateStore.open(new MemoryFiles());
  store.sequenceSeen(41);
  assert.equal(await store.nextSequence(), 42);
  store.sequenceSeen(7);
  assert.equal(await store.nextSequence(), 43);
});
