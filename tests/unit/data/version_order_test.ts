/** Version names in the order of PEP 440. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareVersions,
  isVersion,
} from "../../../optimizer-wasm/data/store/mod.ts";

const ASCENDING = [
  "0.1.dev19262",
  "0.5.6",
  "0.5.6.post2",
  "0.5.9",
  "0.5.10",
  "0.14.0",
  "0.24.0",
  "1.0.dev1",
  "1.0a1",
  "1.0a2.dev3",
  "1.0a2",
  "1.0b1",
  "1.0rc1",
  "1.0",
  "1.0+local.1",
  "1.0.post1.dev2",
  "1.0.post1",
  "1.2.0rc5",
  "1.3.0rc10",
  "1.3.0rc15",
  "1.3.0",
  "1!0.1",
];

Deno.test("compareVersions() orders release candidates, posts and numbers as PEP 440 says", () => {
  assert.deepEqual([...ASCENDING].reverse().sort(compareVersions), ASCENDING);
});

Deno.test("compareVersions() takes 1.0 and 1.0.0 for the same version", () => {
  assert.equal(compareVersions("1.0", "1.0.0"), 0);
  assert.equal(compareVersions("v1.0-RC.1", "1.0rc1"), 0);
});

Deno.test("compareVersions() puts names that are no versions first", () => {
  assert.deepEqual(["1.0", "nightly", "0.1", "latest"].sort(compareVersions), [
    "latest",
    "nightly",
    "0.1",
    "1.0",
  ]);
});

Deno.test("isVersion() knows versions from other names", () => {
  for (const version of ASCENDING) assert(isVersion(version), version);
  for (const name of ["", "main", "1.x", "2021.15.9-beta-x", "1..2"]) {
    assert(!isVersion(name), name);
  }
});

Deno.test("compareVersions() is an order: of any two one comes first, from both sides", () => {
  const version = fc.oneof(fc.constantFrom(...ASCENDING), fc.string());
  fc.assert(fc.property(version, version, (a, b) => {
    assert.equal(
      Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a)),
      0,
    );
  }));
});
