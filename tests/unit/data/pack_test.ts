/** The bytes of a pack (`optimizer-wasm/data/pack/format.ts`). @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  buildGridBlock,
  buildSitesBlock,
  FLAG_ALL_PRIMARY,
  FLAG_HAS_POWER,
  gridViews,
  PackWriter,
  parsePack,
  sha256Hex,
  sitesViews,
} from "../../../optimizer-wasm/data/pack/mod.ts";
import type { SystemSpec } from "../../../optimizer-wasm/data/system_spec.ts";
import { readSystemYaml } from "../../../optimizer-wasm/data/import/system_yaml.ts";
import { systemYaml } from "./aic_source.ts";

const SYSTEM: SystemSpec = readSystemYaml("x", systemYaml("x"), "x.yaml").spec;
const f64 = (...values: number[]) => Float64Array.from(values);

function tinyGrid() {
  return buildGridBlock({
    axis0: f64(1, 1, 1, 4),
    axis1: f64(10, 10, 20, 10),
    axis2: f64(5, 6, 5, 7),
    latencyMs: f64(0.1, 0.2, 0.3, 0.4),
    powerWatts: f64(100, 0, 0, 200),
    primary: Uint8Array.of(1, 1, 0, 1),
  });
}

function tinyPack(): Promise<Uint8Array> {
  const writer = new PackWriter();
  writer.add("context_attention", ["lane", "bfloat16"], tinyGrid());
  writer.add("nccl", ["half", "all_gather", 8], tinyGrid());
  return writer.finish({
    identity: { system: "x", backend: "vllm", version: "1.0" },
    system: SYSTEM,
    pinnedLane: null,
    powerLimitsWatts: [700],
    sources: [],
  });
}

Deno.test("a grid block lies byte for byte as the format says", () => {
  const { bytes, leaves, primaryLeaves, poweredLeaves } = tinyGrid();
  const expected = new DataView(
    new ArrayBuffer(16 + 16 + 16 + 24 + 16 + 96 + 8),
  );
  let at = 0;
  const i32 = (...values: number[]) => {
    for (const value of values) {
      expected.setInt32(at, value, true);
      at += 4;
    }
    at = Math.ceil(at / 8) * 8;
  };
  const doubles = (...values: number[]) => {
    for (const value of values) {
      expected.setFloat64(at, value, true);
      at += 8;
    }
  };
  i32(2, 3, 4, FLAG_HAS_POWER);
  doubles(1, 4);
  i32(0, 2, 3);
  doubles(10, 20, 10);
  i32(0, 2, 3, 4);
  doubles(5, 6, 5, 7);
  doubles(0.1, 0.2, 0.3, 0.4);
  doubles(100, 0, 0, 200);
  new Uint8Array(expected.buffer).set([1, 1, 0, 1], at);
  assert.deepEqual(bytes, new Uint8Array(expected.buffer));
  assert.deepEqual([leaves, primaryLeaves, poweredLeaves], [4, 3, 2]);
});

Deno.test("a block without power and with primary leaves alone leaves both arrays out", () => {
  const leaf = {
    latencyMs: f64(1),
    powerWatts: f64(0),
    primary: Uint8Array.of(1),
  };
  const axes = { axis0: f64(0), axis1: f64(0), axis2: f64(3) };
  const { bytes } = buildGridBlock({ ...axes, ...leaf });
  assert.equal(bytes.length, 16 + 8 + 8 + 8 + 8 + 8 + 8);
  assert.equal(new Int32Array(bytes.buffer)[3], FLAG_ALL_PRIMARY);
  const views = gridViews(bytes, 0);
  assert.equal(views.powerWatts, null);
  assert.equal(views.primary, null);
});

Deno.test("a sites block shares equal axes and lies byte for byte as the format says", () => {
  const { bytes } = buildSitesBlock({
    n: f64(64, 128, 64),
    k: f64(8, 8, 16),
    leafStart: Int32Array.of(0, 2, 3, 5),
    m: f64(1, 2, 1, 1, 2),
    latencyMs: f64(1, 2, 3, 4, 5),
    powerWatts: new Float64Array(5),
    primary: Uint8Array.of(1, 1, 1, 0, 1),
  });
  assert.deepEqual(
    [...new Int32Array(bytes.buffer, 0, 8)],
    [3, 2, 5, 0, 0, 2, 3, 0],
  );
  assert.deepEqual([...new Float64Array(bytes.buffer, 32, 9)], [
    ...[1, 2, 1],
    ...[64, 128, 64],
    ...[8, 8, 16],
  ]);
  assert.deepEqual([...new Int32Array(bytes.buffer, 104, 8)], [
    ...[0, 1, 0, 0],
    ...[0, 2, 3, 5],
  ]);
  assert.deepEqual([...new Float64Array(bytes.buffer, 136, 5)], [
    1,
    2,
    3,
    4,
    5,
  ]);
  assert.deepEqual([...bytes.subarray(176)], [1, 1, 1, 0, 1, 0, 0, 0]);
  assert.deepEqual([...sitesViews(bytes, 0).axisKeys], [1, 2, 1]);
});

Deno.test("a pack's header says what follows, and its checksum covers all of it", async () => {
  const bytes = await tinyPack();
  const header = new DataView(bytes.buffer);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 8)), "WKPACK\0\0");
  assert.equal(header.getUint32(8, true), 1);
  const directoryBytes = header.getUint32(12, true);
  const payloadBytes = header.getUint32(16, true);
  assert.equal(directoryBytes % 8, 0);
  assert.equal(payloadBytes % 8, 0);
  assert.equal(64 + directoryBytes + payloadBytes, bytes.length);
  assert.deepEqual([...bytes.subarray(56, 64)], Array(8).fill(0));
  assert.equal(
    hex(bytes.subarray(24, 56)),
    await sha256Hex(bytes.subarray(64)),
  );
});

Deno.test("a pack comes back as it was written", async () => {
  const { directory, payload } = await parsePack(await tinyPack(), "tiny");
  const [first, second] = directory.slices;
  assert.deepEqual(first, {
    table: "context_attention",
    key: ["lane", "bfloat16"],
    offset: 0,
    leaves: 4,
    primaryLeaves: 3,
    poweredLeaves: 2,
  });
  assert.deepEqual(second?.key, ["half", "all_gather", 8]);
  assert.equal(second?.offset, tinyGrid().bytes.length);
  assert.deepEqual([...gridViews(payload, second!.offset).keys2], [5, 6, 5, 7]);
  assert.equal(payload.byteOffset % 8, 0);
  assert.deepEqual(directory.system, SYSTEM);
});

Deno.test("a flipped bit anywhere is found", async () => {
  const bytes = await tinyPack();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.nat(7),
      async (at, bit) => {
        // The padding of the header carries nothing.
        fc.pre(!(at >= 20 && at < 24) && !(at >= 56 && at < 64));
        const damaged = bytes.slice();
        damaged[at]! ^= 1 << bit;
        await assert.rejects(parsePack(damaged, "damaged"), {
          code: "corrupt_pack",
          message: /"damaged"/,
        });
      },
    ),
  );
});

Deno.test("a pack that is cut off, empty, or of another version is refused", async () => {
  const bytes = await tinyPack();
  for (const length of [0, 7, 63, 64, bytes.length - 8, bytes.length - 1]) {
    await assert.rejects(parsePack(bytes.slice(0, length), "cut"), {
      code: "corrupt_pack",
    });
  }
  const newer = bytes.slice();
  newer[8] = 2;
  await assert.rejects(parsePack(newer, "newer"), {
    code: "corrupt_pack",
    message: /format version is 2, this program reads 1/,
  });
});

Deno.test("any sorted leaves come back from their grid block", () => {
  const key = fc.integer({ min: 0, max: 20 });
  const leaf = fc.record({
    keys: fc.tuple(key, key, key),
    latency: fc.double({ min: 0, max: 1e6, noNaN: true }),
    watts: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1000 })),
    primary: fc.boolean(),
  }, { noNullPrototype: true });
  const leaves = fc.uniqueArray(leaf, {
    selector: (it) => it.keys.join(),
    maxLength: 60,
  });
  fc.assert(fc.property(leaves, (unsorted) => {
    const sorted = unsorted.toSorted((a, b) =>
      a.keys[0] - b.keys[0] || a.keys[1] - b.keys[1] || a.keys[2] - b.keys[2]
    );
    const column = (of: (it: (typeof sorted)[number]) => number) =>
      Float64Array.from(sorted, of);
    const { bytes } = buildGridBlock({
      axis0: column((it) => it.keys[0]),
      axis1: column((it) => it.keys[1]),
      axis2: column((it) => it.keys[2]),
      latencyMs: column((it) => it.latency),
      powerWatts: column((it) => it.watts),
      primary: Uint8Array.from(sorted, (it) => it.primary ? 1 : 0),
    });
    const views = gridViews(bytes, 0);
    const found: unknown[] = [];
    views.keys0.forEach((key0, outer) => {
      for (
        let r = views.rowStart[outer]!;
        r < views.rowStart[outer + 1]!;
        r++
      ) {
        for (let i = views.leafStart[r]!; i < views.leafStart[r + 1]!; i++) {
          found.push({
            keys: [key0, views.keys1[r], views.keys2[i]],
            latency: views.latencyMs[i],
            watts: views.powerWatts?.[i] ?? 0,
            primary: views.primary === null || views.primary[i] === 1,
          });
        }
      }
    });
    assert.deepEqual(found, sorted);
  }));
});

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
