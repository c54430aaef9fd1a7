/**
 * Measured draws of a pack as samples of a fit: what the operator had to compute and to move, how long it took, and
 * the watts. Compute and memory times come from the engine itself, so that fit and use see the same numbers.
 * @module
 */

import { gridViews, sitesViews } from "../data/pack/block_views.ts";
import type { PackSlice } from "../data/pack/format.ts";
import { powerCurveOf } from "../data/power_curves.ts";
import { MEASURED_FAMILIES, type MeasuredFamily } from "../data/power_model.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type { LoadedPack } from "../host.ts";
import { FMHA_MODES, KV_BYTES, quantMode } from "../model/quant_mode.ts";
import { generationFlops } from "../program/bind_attention.ts";
import {
  type Address,
  KIND,
  MODE,
  ROLE,
  type WasmExports,
} from "../program/wasm_exports.ts";

/** Samples of one family, in columns. */
export interface Samples {
  /** Shape of the kernel: what does not grow with tokens, batch or length; samples of one shape are neighbours. */
  readonly shape: Int32Array;
  readonly shapes: readonly string[];
  /** Where on the shape's axes a sample lies, as one number. */
  readonly point: Float64Array;
  readonly computeMs: Float64Array;
  readonly memoryMs: Float64Array;
  readonly latencyMs: Float64Array;
  readonly watts: Float64Array;
}

/** Samples of a pack by family; families without measured power are empty. */
export interface PackSamples {
  readonly system: SystemSpec;
  readonly backend: string;
  readonly version: string;
  readonly staticWatts: number;
  readonly families: Readonly<Record<MeasuredFamily, Samples>>;
}

/** Shape, point, compute, memory and measured time, watts. */
type Row = readonly [number, number, number, number, number, number];

/** Keys of a table stay below it. */
const KEY_SPAN = 2 ** 26;

class Collector {
  readonly shapes: string[] = [];
  readonly #columns: number[][] = [[], [], [], [], [], []];

  add(...row: Row): void {
    row.forEach((value, column) => this.#columns[column]?.push(value));
  }

  finish(): Samples {
    const [
      shape = [],
      point = [],
      compute = [],
      memory = [],
      latency = [],
      watts = [],
    ] = this.#columns;
    return {
      shape: Int32Array.from(shape),
      shapes: this.shapes,
      point: Float64Array.from(point),
      computeMs: Float64Array.from(compute),
      memoryMs: Float64Array.from(memory),
      latencyMs: Float64Array.from(latency),
      watts: Float64Array.from(watts),
    };
  }
}

/** How the rows of a slice are asked: the operator of a first key, and its point. */
interface SliceOperator {
  readonly family: MeasuredFamily;
  /** Operator for a value of axis 0 (heads), made once each. */
  readonly make: (axis0: number) => Address;
  /** Batch, length, prefix and tokens of a leaf. */
  readonly point: (
    axis1: number,
    axis2: number,
  ) => readonly [batch: number, length: number, tokens: number];
}

/** Reads all powered rows that a pack has from its own tables: what it took over from others is theirs. */
export function samplesOf(
  module: WebAssembly.Module,
  { directory, payload }: LoadedPack,
): PackSamples {
  const { system, identity } = directory;
  const wasm = new WebAssembly.Instance(module, {})
    .exports as unknown as WasmExports;
  const staticWatts = powerCurveOf(system).staticWatts;
  wasm.configure(
    system.memoryBandwidthBytesPerSecond,
    system.memoryBandwidthScale,
    system.memoryConstantSeconds,
    system.tdpWatts,
    staticWatts,
  );
  const output = wasm.outputAddress();
  const light = (
    op: Address,
    [batch, length, tokens]: readonly [number, number, number],
  ): readonly [number, number] => {
    wasm.operatorLight(op, batch, length, 0, tokens);
    const [compute = 0, memory = 0] = new Float64Array(
      wasm.memory.buffer,
      output,
      2,
    );
    return [compute, memory];
  };
  const collectors = new Map(
    MEASURED_FAMILIES.map((family) => [family, new Collector()]),
  );
  for (const slice of directory.slices) {
    if (slice.poweredLeaves === 0) continue;
    const name = `${slice.table}|${slice.key.join("|")}`;
    if (slice.table === "gemm") {
      const collector = collectors.get("gemm");
      if (collector === undefined) continue;
      const views = sitesViews(payload, slice.offset);
      for (let site = 0; site < views.n.length; site++) {
        const n = views.n[site] ?? 0;
        const k = views.k[site] ?? 0;
        const op = gemmOf(wasm, system, String(slice.key[0]), n, k);
        const shape = collector.shapes.push(`${name}|${n}|${k}`) - 1;
        const first = views.leafStart[site] ?? 0;
        const axis = views.axisStart[views.axisOf[site] ?? 0] ?? 0;
        for (
          let leaf = first;
          leaf < (views.leafStart[site + 1] ?? 0);
          leaf++
        ) {
          const watts = views.powerWatts?.[leaf] ?? 0;
          if (!(watts > 0) || views.primary?.[leaf] === 0) continue;
          const m = views.axisKeys[axis + leaf - first] ?? 0;
          const [compute, memory] = light(op, [m, m, m]);
          collector.add(
            shape,
            m,
            compute,
            memory,
            views.latencyMs[leaf] ?? 0,
            watts,
          );
        }
      }
      continue;
    }
    const operator = operatorOf(wasm, system, slice);
    if (operator === undefined) continue;
    const collector = collectors.get(operator.family);
    if (collector === undefined) continue;
    const views = gridViews(payload, slice.offset);
    for (let outer = 0; outer < views.keys0.length; outer++) {
      const key0 = views.keys0[outer] ?? 0;
      const op = operator.make(key0);
      const shape = collector.shapes.push(`${name}|${key0}`) - 1;
      const end = views.rowStart[outer + 1] ?? 0;
      for (let row = views.rowStart[outer] ?? 0; row < end; row++) {
        for (
          let leaf = views.leafStart[row] ?? 0;
          leaf < (views.leafStart[row + 1] ?? 0);
          leaf++
        ) {
          const watts = views.powerWatts?.[leaf] ?? 0;
          if (!(watts > 0) || views.primary?.[leaf] === 0) continue;
          const key1 = views.keys1[row] ?? 0;
          const key2 = views.keys2[leaf] ?? 0;
          const [compute, memory] = light(op, operator.point(key1, key2));
          collector.add(
            shape,
            key1 * KEY_SPAN + key2,
            compute,
            memory,
            views.latencyMs[leaf] ?? 0,
            watts,
          );
        }
      }
    }
  }
  const families = Object.fromEntries(
    [...collectors].map(([family, collector]) => [family, collector.finish()]),
  );
  return {
    system,
    backend: identity.backend,
    version: identity.version,
    staticWatts,
    families: families as Record<MeasuredFamily, Samples>,
  };
}

function plainOp(wasm: WasmExports, kind: number): Address {
  return wasm.newOp(kind, MODE.SILICON, ROLE.plain, 1, 1, 1);
}

function gemmOf(
  wasm: WasmExports,
  system: SystemSpec,
  quant: string,
  n: number,
  k: number,
): Address {
  const op = plainOp(wasm, KIND.gemm);
  wasm.setGemm(op, n, k);
  const { dtype, bytes } = quantMode(quant);
  wasm.setPrecision(op, system.flopsPerSecond[dtype] ?? Infinity, bytes);
  return op;
}

function operatorOf(
  wasm: WasmExports,
  system: SystemSpec,
  { table, key }: PackSlice,
): SliceOperator | undefined {
  const text = (index: number) => String(key[index]);
  const number = (index: number) => Number(key[index]);
  const flops = (quant: string) =>
    system.flopsPerSecond[quantMode(quant).dtype] ?? Infinity;
  const fmhaFlops = (fmha: string) =>
    system.flopsPerSecond[FMHA_MODES[fmha]?.dtype ?? "bfloat16"] ?? Infinity;
  switch (table) {
    case "context_attention":
    case "generation_attention": {
      const context = table === "context_attention";
      const at = context ? 1 : 0;
      return {
        family: context ? "contextAttention" : "generationAttention",
        make: (heads) => {
          const op = plainOp(
            wasm,
            context ? KIND.contextAttention : KIND.generationAttention,
          );
          const rate = context
            ? fmhaFlops(text(1))
            : generationFlops(system, text(1));
          wasm.setPrecision(op, rate, 0);
          wasm.setAttention(
            op,
            heads,
            number(2 + at),
            number(3 + at),
            number(4 + at),
            KV_BYTES[text(1 + at)] ?? 2,
            0,
            1,
          );
          return op;
        },
        point: context
          ? (length, batch) => [batch, length, batch * length]
          : (batch, length) => [batch, length, batch],
      };
    }
    case "moe":
    case "moe_low_latency": {
      const op = plainOp(wasm, KIND.moe);
      wasm.setPrecision(op, flops(text(0)), quantMode(text(0)).bytes);
      wasm.setMoe(
        op,
        number(4),
        number(5),
        number(2),
        number(3),
        number(6),
        number(7),
        3,
      );
      return {
        family: "moe",
        make: () => op,
        point: (_, tokens) => [tokens, tokens, tokens],
      };
    }
    case "context_mla":
    case "mla_context_module":
      return {
        family: "contextLatent",
        make: (heads) => {
          const op = plainOp(wasm, KIND.contextMla);
          const gemm = table === "context_mla" ? "bfloat16" : text(2);
          wasm.setPrecision(op, fmhaFlops(text(0)), quantMode(gemm).bytes);
          wasm.setMla(op, heads, KV_BYTES[text(1)] ?? 2, flops(gemm), 1);
          return op;
        },
        point: (length, batch) => [batch, length, batch * length],
      };
    case "generation_mla":
    case "mla_generation_module":
      return {
        family: "generationLatent",
        make: (heads) => {
          const module = table === "mla_generation_module";
          const op = plainOp(
            wasm,
            module ? KIND.generationMlaModule : KIND.generationMla,
          );
          const gemm = module ? text(1) : "bfloat16";
          wasm.setPrecision(
            op,
            generationFlops(system, text(0)),
            quantMode(gemm).bytes,
          );
          wasm.setMla(op, heads, KV_BYTES[text(0)] ?? 2, flops(gemm), 1);
          return op;
        },
        point: (batch, length) => [batch, length, batch],
      };
    case "computescale":
    case "scale_matrix": {
      const bytes = table === "computescale" ? 2 : 3;
      // Rows and width of the matrix that is read once and, by scale_matrix, written: a memory operator.
      const op = plainOp(wasm, KIND.linear);
      const perByte = 1000 / system.memoryBandwidthBytesPerSecond;
      wasm.setLinear(op, 0, 0, bytes * perByte);
      return {
        family: "memory",
        make: () => op,
        point: (m, k) => [m, m, m * k],
      };
    }
    default:
      return undefined;
  }
}
