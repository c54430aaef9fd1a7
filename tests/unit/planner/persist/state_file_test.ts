/** The planner's state on disk: whole or not at all, read or set aside. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { initialState } from "../../../../planner/core/mod.ts";
import type { SavedState } from "../../../../planner/loop/mod.ts";
import { StateFile } from "../../../../planner/persist/mod.ts";
import { WattkeeperError } from "../../../../service/mod.ts";

const SAVED: SavedState = {
  nowMs: 1_800_000_000_000,
  state: {
    ...initialState({
      powerPrefill: 1.05,
      powerDecode: 0.9,
      powerAgg: 1,
      ttft: 1.2,
      itl: 1.1,
    }),
    sequence: 41,
    history: {
      requestsPerSecond: [1, 2.5],
      islTokens: [3000, 3100],
      oslTokens: [150, 151],
    },
    last: {
      prefill: { replicas: 3, capWatts: 512 },
      decode: { replicas: 2, capWatts: undefined },
    },
  },
};

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

function namesIn(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
}

Deno.test("what was saved is what is loaded", async () => {
  await using place = await folder();
  const file = new StateFile(`${place.path}/state`);
  assert.deepEqual(await file.load(), { kind: "none" });
  await file.save(SAVED);
  assert.deepEqual(await file.load(), { kind: "state", saved: SAVED });
  assert.deepEqual(namesIn(place.path), ["state"]);
});

Deno.test("the newest of several saves is there", async () => {
  await using place = await folder();
  const file = new StateFile(`${place.path}/state`);
  for (const sequence of [1, 2, 3]) {
    await file.save({ ...SAVED, state: { ...SAVED.state, sequence } });
  }
  const loaded = await file.load();
  assert.equal(loaded.kind === "state" && loaded.saved.state.sequence, 3);
});

Deno.test("a file with any byte changed, or cut anywhere, is set aside whole and never read", async () => {
  await using place = await folder();
  const path = `${place.path}/state`;
  const file = new StateFile(path);
  await file.save(SAVED);
  const good = await Deno.readFile(path);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 2),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, change, cut) => {
        const bad = cut ? good.slice(0, at) : good.slice();
        if (!cut) bad[at] = bad[at]! ^ change;
        await Deno.writeFile(path, bad);
        const loaded = await file.load();
        assert.equal(loaded.kind, "quarantined");
        if (loaded.kind !== "quarantined") return;
        assert.deepEqual(await Deno.readFile(loaded.movedTo), bad);
        assert.deepEqual(await file.load(), { kind: "none" });
      },
    ),
    { numRuns: 60 },
  );
});

for (
  const [what, text] of [
    ["empty", ""],
    ["of another program", "hello\nworld\n"],
    ["of a newer version", "wattkeeper-planner-state 2 sha256:00\n{}\n"],
  ] as const
) {
  Deno.test(`a file that is ${what} is set aside with the reason`, async () => {
    await using place = await folder();
    await Deno.writeTextFile(`${place.path}/state`, text);
    const loaded = await new StateFile(`${place.path}/state`).load();
    assert.equal(loaded.kind, "quarantined");
    assert.equal(namesIn(place.path).length, 1);
    assert.match(namesIn(place.path)[0] ?? "", /^state\.bad-/);
  });
}

Deno.test("a well-sealed file with impossible values is set aside", async () => {
  await using place = await folder();
  const file = new StateFile(`${place.path}/state`);
  await file.save({
    ...SAVED,
    state: {
      ...SAVED.state,
      coefficients: { ...SAVED.state.coefficients, ttft: 900 },
    },
  });
  const loaded = await file.load();
  assert.equal(loaded.kind, "quarantined");
  assert.match(
    loaded.kind === "quarantined" ? loaded.problem : "",
    /coefficients\.ttft/,
  );
});

Deno.test("a number that a file cannot hold is refused, the old file stays", async () => {
  await using place = await folder();
  const file = new StateFile(`${place.path}/state`);
  await file.save(SAVED);
  await assert.rejects(
    file.save({ ...SAVED, nowMs: NaN }),
    (error) => error instanceof WattkeeperError,
  );
  assert.deepEqual(await file.load(), { kind: "state", saved: SAVED });
  assert.deepEqual(namesIn(place.path), ["state"]);
});

Deno.test("a folder that is not there is an error that names the flag", async () => {
  await using place = await folder();
  await assert.rejects(
    new StateFile(`${place.path}/none/state`).save(SAVED),
    (error) =>
      error instanceof WattkeeperError && error.code === "write_failed" &&
      error.where === "--state",
  );
});

Deno.test("a path that is no file refuses to start: nothing is overwritten", async () => {
  await using place = await folder();
  await assert.rejects(
    new StateFile(place.path).load(),
    (error) =>
      error instanceof WattkeeperError && error.code === "file_unreadable",
  );
});
