/** What a copy of the server's objects holds when answers to our own requests come before, between and after watch events. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ObjectStore } from "../../../cluster/object_store.ts";

const item = (version: number, value = `at ${version}`, uid = "pod") => ({
  uid,
  resourceVersion: `${version}`,
  object: value,
});

const storeWith = (...versions: number[]) => {
  const store = new ObjectStore((object) =>
    object === "unwanted" ? undefined : String(object)
  );
  store.replace(versions.map((version) => item(version)));
  return store;
};

Deno.test("an answer counts before the watch shows it, and the event with the same version changes nothing", () => {
  const store = storeWith(41);
  assert.equal(store.learn(item(57)), true);
  assert.deepEqual(store.values, ["at 57"]);
  assert.equal(store.upsert(item(57)), false);
  assert.deepEqual(store.values, ["at 57"]);
});

Deno.test("events between the watched version and a later answer are late, not wrong: nothing goes back", () => {
  const store = storeWith(41);
  store.learn(item(57));
  store.learn(item(60));
  for (const version of [57, 60]) {
    assert.equal(store.upsert(item(version, "late")), false);
    assert.deepEqual(store.values, ["at 60"]);
  }
});

Deno.test("a newer event wins over an answer, and an older answer never replaces it", () => {
  const store = storeWith(41);
  store.learn(item(57));
  assert.equal(store.upsert(item(70)), true);
  assert.equal(store.learn(item(60)), false);
  assert.equal(store.learn(item(70, "the same version again")), false);
  assert.deepEqual(store.values, ["at 70"]);
});

Deno.test("a watch that goes back behind what it has shown contradicts itself, answers or not", () => {
  const store = storeWith(41);
  store.learn(item(57));
  store.upsert(item(57));
  assert.throws(() => store.upsert(item(50)), /went back from version 57/);
  store.learn(item(60));
  assert.throws(() => store.upsert(item(50)), /went back from version 57/);
});

Deno.test("a deleted object is not brought back by an answer that comes late", () => {
  const store = storeWith(41);
  store.delete(item(58));
  assert.equal(store.learn(item(57)), false);
  assert.equal(store.learn(item(59)), false);
  assert.deepEqual(store.values, []);
  const relisted = storeWith(41);
  relisted.replace([]);
  assert.equal(relisted.learn(item(57)), false);
});

Deno.test("a deletion that is older than an answer contradicts it", () => {
  const store = storeWith(41);
  store.learn(item(57));
  assert.throws(() => store.delete(item(50)), /went back from version 57/);
  assert.equal(store.delete(item(58)), true);
});

Deno.test("an answer of unknown order, about another object or of no use is left to LIST and watch", () => {
  const store = storeWith(41);
  assert.equal(store.learn({ ...item(0), resourceVersion: "new" }), false);
  assert.equal(store.learn(item(57, "another", "other pod")), false);
  assert.equal(store.learn(item(57, "unwanted")), false);
  assert.deepEqual(store.values, ["at 41"]);
  const strict = new ObjectStore((object): string => {
    if (object === "malformed") throw new Error("malformed");
    return String(object);
  });
  strict.replace([item(41)]);
  assert.equal(strict.learn(item(57, "malformed")), false);
  assert.deepEqual(strict.values, ["at 41"]);
});

Deno.test("a LIST is the whole truth", () => {
  const store = storeWith(41);
  store.learn(item(57));
  store.replace([item(50)]);
  assert.deepEqual(store.values, ["at 50"]);
});

Deno.test("however answers and events mix, the value is the newest that was seen and never goes back", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.integer({ min: 2, max: 60 }), { minLength: 1 }),
    fc.infiniteStream(fc.boolean()),
    fc.func(fc.nat(5)),
    (versions, coin, delay) => {
      const store = storeWith(1);
      const ordered = versions.toSorted((a, b) => a - b);
      // Events come in order; each answer at some time about its event's, before or after.
      const arrivals = ordered.flatMap((version, at) => [
        { version, at, answer: false },
        ...(coin.next().value
          ? [{ version, at: at - 2.5 + delay(version), answer: true }]
          : []),
      ]).toSorted((a, b) => a.at - b.at);
      let newest = 1;
      for (const { version, answer } of arrivals) {
        if (answer) store.learn(item(version));
        else store.upsert(item(version));
        newest = Math.max(newest, version);
        assert.deepEqual(store.values, [`at ${newest}`]);
      }
    },
  ));
});
