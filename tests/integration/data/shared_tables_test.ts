/** Upstream's tables in `../shared`: which files count, how many rows they give, and single rows. @module */

import assert from "node:assert/strict";
import { openStore } from "../../../optimizer-wasm/data/store/mod.ts";
import type {
  Pack,
  PackSource,
} from "../../../optimizer-wasm/data/pack/mod.ts";
import { keysOf, leavesOf, sitesOf } from "../../unit/data/built_pack.ts";
import { runImport } from "../../unit/data/store_snapshot.ts";

const SHARED = Deno.env.get("WATTKEEPER_SHARED") ??
  new URL("../../../../shared", import.meta.url).pathname;
const isThere = await exists(`${SHARED}/aic-data/systems`) &&
  await exists(`${SHARED}/aic-engine.md`);

/** Letters of Appendix B. */
const ROLES: Readonly<Record<PackSource["role"], string>> = {
  primary: "P",
  declared: "D",
  older: "F",
  other_framework: "X",
};

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function importShared() {
  const path = await Deno.makeTempDir({ prefix: "wattkeeper-shared-" });
  await runImport({ source: `${SHARED}/aic-data`, store: path });
  return {
    store: await openStore(path),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Lists of Appendix B: `h200_sxm vllm 0.19.0 gemm` → `["P 0.19.0", …]`. */
async function appendixB(): Promise<Map<string, string[]>> {
  const text = await Deno.readTextFile(`${SHARED}/aic-engine.md`);
  const part = text.slice(
    text.indexOf("\n# Appendix B."),
    text.indexOf("\n# Appendix C."),
  );
  const lists = new Map<string, string[]>();
  let identity = "";
  for (const line of part.split("\n")) {
    identity = /^\*\*(.+)\*\*$/.exec(line)?.[1] ?? identity;
    const [, tables, sources] = /^\* (.+?): (.+)$/.exec(line) ?? [];
    for (const table of tables?.split(", ") ?? []) {
      lists.set(`${identity} ${table}`, sources!.trim().split(" · "));
    }
  }
  return lists;
}

Deno.test({
  name: "[shared] upstream's tables resolve and load as aic-engine.md says",
  ignore: !isThere,
  async fn(t) {
    await using imported = await importShared();
    const { store } = imported;
    const packs = new Map<string, Pack>();
    const packOf = async (name: string) => {
      const [system = "", backend = "", version = ""] = name.split(" ");
      const pack = packs.get(name) ??
        await store.readPack({ system, backend, version });
      packs.set(name, pack);
      return pack;
    };

    await t.step("every list of Appendix B, to the last file", async () => {
      const lists = await appendixB();
      assert.equal(lists.size, 109);
      for (const [name, expected] of lists) {
        const [system, backend, version, table] = name.split(" ");
        const { directory } = await packOf(`${system} ${backend} ${version}`);
        const found = directory.sources
          .filter((it) => it.table === `${table}_perf`)
          .map((it) =>
            [
              ROLES[it.role],
              ...(it.role === "other_framework" ? [it.backend] : []),
              it.version,
            ].join(" ")
          );
        assert.deepEqual(found, expected, name);
      }
    });

    await t.step("the sizes of §2.2", async () => {
      const pack = await packOf("b200_sxm vllm 0.19.0");
      const sites = sitesOf(pack, "bfloat16");
      assert.equal(sites.length, 483);
      for (const { curve } of sites) {
        assert.equal(curve.length, 74);
        assert.deepEqual([curve[0]![0], curve.at(-1)![0]], [1, 32768]);
      }
      assert.deepEqual(keysOf(pack, "custom_allreduce").toSorted(), [
        ...["2", "4", "8"],
      ]);
      for (const gpus of ["2", "4", "8"]) {
        const sizes = leavesOf(pack, "custom_allreduce", gpus)
          .map((leaf) => leaf[2]);
        assert.equal(sizes.length, 23);
        assert.deepEqual([sizes[0], sizes.at(-1)], [128, 536870912]);
      }
    });

    await t.step("exact rows of Appendix A", async () => {
      const pack = await packOf("b200_sxm vllm 0.19.0");
      const near = (found: number | undefined, expected: number) =>
        assert(Math.abs(found! / expected - 1) < 1e-8, `${found} ${expected}`);
      near(
        sitesOf(pack, "bfloat16").find((it) => it.site === "4096 4096")
          ?.curve.find((leaf) => leaf[0] === 1024)?.[3],
        0.0239733325,
      );
      const [attention] = keysOf(pack, "context_attention").filter((key) =>
        key.endsWith(" bfloat16 bfloat16 1 128 0")
      );
      near(
        leavesOf(pack, "context_attention", attention!).find((leaf) =>
          leaf[0] === 8 && leaf[1] === 1024 && leaf[2] === 1
        )?.[3],
        0.0211946666,
      );
      near(
        leavesOf(pack, "mla_context_module", "bfloat16 bfloat16 fp8_block 128")
          .find((leaf) => leaf[0] === 16 && leaf[1] === 1024 && leaf[2] === 1)
          ?.[3],
        0.2169,
      );
    });

    await t.step(
      "power was measured where the tables' README says",
      async () => {
        for (
          const name of [
            "b200_sxm vllm 0.22.0",
            "b200_sxm trtllm 1.3.0rc15",
            "h200_sxm vllm 0.22.0",
          ]
        ) {
          const { directory } = await packOf(name);
          for (const table of ["gemm", "context_attention", "moe"]) {
            const own = directory.slices.filter((it) => it.table === table);
            const sum = (of: (slice: (typeof own)[number]) => number) =>
              own.reduce((total, it) => total + of(it), 0);
            const powered = sum((it) => it.poweredLeaves);
            const primary = sum((it) => it.primaryLeaves);
            assert(powered >= 0.99 * primary, `${name} ${table}`);
          }
        }
      },
    );

    await t.step("lanes stay apart on b200 vllm 0.22.0", async () => {
      const { directory } = await packOf("b200_sxm vllm 0.22.0");
      const lanes = new Set(
        directory.slices.filter((it) => it.table === "context_attention")
          .map((it) => it.key[0]),
      );
      assert.equal([...lanes][0], "vllm_flashinfer");
      assert(lanes.has("vllm_flashinfer_trtllmprefill"));
    });
  },
});
