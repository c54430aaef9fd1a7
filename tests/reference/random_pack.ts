/** A small pack of made-up tables for one made-up dense model and one mixture of experts. @module */

import { BUILTIN_SYSTEMS } from "../../optimizer-wasm/data/builtin_systems.ts";
import {
  buildGridBlock,
  buildSitesBlock,
  type Pack,
  type PackTable,
  PackWriter,
  parsePack,
} from "../../optimizer-wasm/data/pack/mod.ts";
import type { Random } from "../peer/random.ts";
import type { Json } from "./model.ts";

/** A dense model small enough for a table that a test makes up. */
export const SMALL_DENSE: Json = {
  architectures: ["Qwen3ForCausalLM"],
  ...{
    num_hidden_layers: 6,
    hidden_size: 1024,
    num_attention_heads: 16,
    num_key_value_heads: 4,
  },
  ...{ head_dim: 64, intermediate_size: 2816, vocab_size: 32_000 },
};

/** A mixture of experts. */
export const SMALL_EXPERTS: Json = {
  architectures: ["Qwen3MoeForCausalLM"],
  ...{
    num_hidden_layers: 4,
    hidden_size: 1024,
    num_attention_heads: 16,
    num_key_value_heads: 4,
  },
  ...{ head_dim: 64, intermediate_size: 2048, vocab_size: 32_000 },
  ...{ num_experts_per_tok: 2, num_experts: 16, moe_intermediate_size: 512 },
};

interface Row {
  readonly at: readonly [number, number, number];
  readonly ms: number;
  readonly watts: number;
  readonly primary: boolean;
}

/** Draws tables; every run of a test has others. */
export async function randomPack(
  random: Random,
  /** Of the same system, when another pack is given. */
  beside?: Pack,
): Promise<Pack> {
  const writer = new PackWriter();
  const maker = new TableMaker(random, writer);
  maker.gemm(["bfloat16", "fp8", "fp8_block"]);
  for (const table of ["computescale", "scale_matrix"] as const) {
    maker.grid(table, ["fp8"], [
      [0],
      axis(random, 6, 16_384),
      axis(random, 3, 4096),
    ]);
  }
  for (const lane of random.chance(0.5) ? ["first", "second"] : ["default"]) {
    maker.attention(lane);
  }
  maker.experts();
  if (random.chance(0.7)) maker.allToAll();
  for (const gpus of [2, 4, 8]) {
    maker.grid("custom_allreduce", [gpus], [
      [0],
      [0],
      axis(random, 8, 2 ** 28),
    ]);
    for (const operation of ["all_gather", "reduce_scatter", "all_reduce"]) {
      maker.grid("nccl", ["half", operation, gpus], [
        [0],
        [0],
        axis(random, 8, 2 ** 28),
      ]);
    }
  }
  const name = beside?.directory.system.name ??
    random.pick(["h200_sxm", "b200_sxm"]);
  const system = BUILTIN_SYSTEMS[name];
  if (system === undefined) throw new Error("A built-in system is gone.");
  const bytes = await writer.finish({
    identity: { system: system.name, backend: "vllm", version: "0.24.0" },
    system,
    pinnedLane: random.chance(0.3) ? "second" : null,
    powerLimitsWatts: [],
    sources: [],
  });
  return await parsePack(bytes, "a made-up pack");
}

/** Sorted distinct integers up to a value, denser at the low end. */
function axis(random: Random, count: number, high: number): number[] {
  const keys = new Set(
    Array.from({ length: count }, () => random.logInteger(1, high)),
  );
  return [...keys].sort((a, b) => a - b);
}

class TableMaker {
  readonly #random: Random;
  readonly #writer: PackWriter;
  readonly #hasPower: boolean;

  constructor(random: Random, writer: PackWriter) {
    this.#random = random;
    this.#writer = writer;
    this.#hasPower = random.chance(0.6);
  }

  #leaf(size: number) {
    const random = this.#random;
    return {
      ms: (0.002 + size * 1e-9) * (0.5 + random.next()),
      watts: this.#hasPower && random.chance(0.9)
        ? random.integer(100, 700)
        : 0,
      primary: random.chance(0.7),
    };
  }

  /** A ragged grid over three axes. */
  grid(
    table: PackTable,
    key: readonly (string | number)[],
    axes: readonly (readonly number[])[],
  ): void {
    const [first = [], second = [], third = []] = axes;
    const rows: Row[] = [];
    for (const x of first) {
      const rowKeys = second.length > 1
        ? second.filter(() => this.#random.chance(0.9))
        : second;
      for (const y of rowKeys) {
        const most = third.length > 2
          ? this.#random.integer(2, third.length)
          : third.length;
        for (const z of third.slice(0, most)) {
          rows.push({ at: [x, y, z], ...this.#leaf(x * y * z || z) });
        }
      }
    }
    if (rows.length === 0) return;
    const column = (of: (row: Row) => number) => Float64Array.from(rows, of);
    this.#writer.add(
      table,
      key,
      buildGridBlock({
        axis0: column((row) => row.at[0]),
        axis1: column((row) => row.at[1]),
        axis2: column((row) => row.at[2]),
        latencyMs: column((row) => row.ms),
        powerWatts: column((row) => row.watts),
        primary: Uint8Array.from(rows, (row) => row.primary ? 1 : 0),
      }),
    );
  }

  /** Scattered shapes around those of the small models. */
  gemm(quants: readonly string[]): void {
    const random = this.#random;
    for (const quant of quants) {
      if (random.chance(0.2)) continue;
      const sites = new Map<string, readonly [number, number]>();
      for (let index = 0; index < 14; index++) {
        const site = [
          random.pick(SHAPES) * random.pick([1, 1, 3]),
          random.pick(SHAPES),
        ] as const;
        sites.set(site.join("×"), site);
      }
      const shared = axis(random, 9, 32_768);
      const curves = [...sites.values()].map(([n, k]) => ({
        ...{
          n,
          k,
          m: random.chance(0.7)
            ? shared
            : axis(random, random.integer(1, 8), 16_384),
        },
      }));
      const rows = curves.flatMap(({ n, k, m }) =>
        m.map((x) => ({ m: x, ...this.#leaf(x * n * k / 1000) }))
      );
      const starts = [0];
      for (const { m } of curves) starts.push((starts.at(-1) ?? 0) + m.length);
      this.#writer.add(
        "gemm",
        [quant],
        buildSitesBlock({
          n: Float64Array.from(curves, ({ n }) => n),
          k: Float64Array.from(curves, ({ k }) => k),
          leafStart: Int32Array.from(starts),
          m: Float64Array.from(rows, (row) => row.m),
          latencyMs: Float64Array.from(rows, (row) => row.ms),
          powerWatts: Float64Array.from(rows, (row) => row.watts),
          primary: Uint8Array.from(rows, (row) => row.primary ? 1 : 0),
        }),
      );
    }
  }

  /** Both phases of attention, some slices missing. */
  attention(lane: string): void {
    const random = this.#random;
    // With gaps, so that a query may lie between two of them, one of which lacks its batch.
    const heads = [1, 2, 3, 5, 8, 12, 16, 24].filter(() => random.chance(0.6));
    for (const kvHeads of [0, 1, 2, 4]) {
      for (const kv of ["bfloat16", "fp8"]) {
        if (random.chance(0.15)) continue;
        const headDim = random.chance(0.85) ? 64 : 128;
        const context = [heads, axis(random, 7, 32_768), axis(random, 5, 256)];
        this.grid("context_attention", [
          lane,
          "bfloat16",
          kv,
          kvHeads,
          headDim,
          0,
        ], context);
        const generation = [
          heads,
          axis(random, 6, 512),
          axis(random, 7, 65_536),
        ];
        this.grid(
          "generation_attention",
          [lane, kv, kvHeads, headDim, 0],
          generation,
        );
      }
    }
  }

  /** Experts of the small model and of relatives. */
  experts(): void {
    const random = this.#random;
    for (const quant of ["bfloat16", "fp8", "fp8_block"]) {
      for (
        const [tp, ep] of [[1, 1], [1, 2], [2, 1], [1, 4], [4, 1], [
          2,
          2,
        ], [1, 16]] as const
      ) {
        for (const [topk, experts, hidden, inter] of RELATIVES) {
          if (random.chance(0.3)) continue;
          const tokens = axis(random, random.integer(1, 9), 32_768);
          const key = [
            quant,
            "power_law_1.2",
            topk,
            experts,
            hidden,
            inter,
            tp,
            ep,
          ];
          this.grid("moe", key, [[0], [0], tokens]);
        }
      }
    }
  }

  /** The small model's exchange inside a full node, which stands in for more of them. */
  allToAll(): void {
    for (
      const [kernel, sms] of [["deepep_ht", 20], ["deepep_ll", 0]] as const
    ) {
      for (const step of ["dispatch", "combine"]) {
        const shape = [1024, 2, 16, sms];
        const key = [kernel, step, "default", 8, 1, ...shape];
        this.grid("moe_a2a", key, [[0], [0], axis(this.#random, 8, 16_384)]);
      }
    }
  }
}

/** Around the small models' own shapes, and in no even ratio, so that no two neighbours are equally far. */
const SHAPES = [
  250,
  512,
  700,
  1024,
  1410,
  1536,
  2100,
  2816,
  5632,
  8000,
  32_000,
];
const RELATIVES = [[2, 16, 1024, 512], [4, 32, 2048, 768], [
  8,
  128,
  2048,
  768,
]] as const;
