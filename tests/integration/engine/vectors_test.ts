/** Product and reference give single operators the values of the description's own vectors. @module */

import assert from "node:assert/strict";
import { Engine, STATUS } from "../../../optimizer-wasm/host.ts";
import { loadModule } from "../../../optimizer-wasm/mod.ts";
import type { OpSpec } from "../../../optimizer-wasm/graph/op_spec.ts";
import { rooflineOf } from "../../../optimizer-wasm/program/roofline_of.ts";
import {
  contextAttention,
  generationAttention,
} from "../../reference/attention.ts";
import type { Bench } from "../../reference/bench.ts";
import { customAllReduce, nccl } from "../../reference/collectives.ts";
import { experts } from "../../reference/experts.ts";
import { gemm } from "../../reference/gemm.ts";
import type { Value } from "../../reference/interpolate.ts";
import { memoryOp } from "../../reference/memory_op.ts";
import {
  contextMla,
  contextModule,
  generationMla,
  generationModule,
  mlaBmm,
} from "../../reference/mla.ts";
import { packTables } from "../../reference/pack_tables.ts";
import { Refusal } from "../../reference/refusal.ts";
import { primaryOnly } from "../../reference/tables.ts";
import { transfersOf } from "../../reference/utilisation.ts";
import { sharedAicData, TestData } from "./test_data.ts";
import { type Vector, VECTORS } from "./vectors.ts";

const data = sharedAicData();

/** The appendix prints nine digits. */
const MOST_ERROR = 1e-8;

function isGeneration({ kind }: OpSpec): boolean {
  return ["generation_attention", "generation_mla", "mla_bmm"].includes(kind);
}

/** 1.1 × the work around context attention, ms (§5.3). */
function extras(bench: Bench, op: OpSpec): number {
  if (op.kind !== "context_attention") return 0;
  const [Q, K] = [op.heads * op.headSize, op.kvHeads * op.headSize];
  const move = (bytes: number) => 2 * memoryOp(bench, bytes);
  const norm = op.qkNorm ? 2 * (move(2 * Q) + move(2 * K)) : 0;
  return 1.1 * (norm + move(2 * Q + 2 * K) + move(K * 2));
}

function askProduct(engine: Engine, vector: Vector): Value | null {
  const { op, mode = "SILICON", batch, length, prefix = 0 } = vector;
  const phase = isGeneration(op) ? "generation" : "context";
  const program = engine.compile({
    ...{ context: [], generation: [], weightBytes: 0 },
    [phase]: [op],
  }, {
    ...{ mode, transferPolicy: "aggressive" },
    backend: vector.identity.split("/")[1] ?? "",
    roofline: rooflineOf(engine.system, "vllm"),
  });
  const status = phase === "context"
    ? program.prefill(batch, length, prefix)
    : program.decode(batch, length);
  if (status === STATUS.notMeasured) return null;
  assert.equal(status, STATUS.ok);
  const [ms = NaN, wms = NaN] = program.output;
  return { ms, wms };
}

function askReference(bench: Bench, vector: Vector): Value | null {
  try {
    return evaluate(bench, vector);
  } catch (error) {
    if (error instanceof Refusal && error.code === "not_measured") return null;
    throw error;
  }
}

function evaluate(bench: Bench, vector: Vector): Value {
  const { op, batch: b, length, prefix = 0 } = vector;
  const s = isGeneration(op) ? length : length - prefix;
  const point = { b, s, prefix };
  switch (op.kind) {
    case "gemm":
      return gemm(bench, { ...op, m: length });
    case "context_attention":
      return contextAttention(bench, { ...op, headDim: op.headSize }, {
        ...point,
        cp: 1,
      });
    case "generation_attention":
      return generationAttention(bench, { ...op, headDim: op.headSize }, point);
    case "moe": {
      const { moeTp: tp, moeEp: ep } = op;
      return experts(bench, { ...op, tp, ep, matrices: 3 }, length);
    }
    case "all_reduce":
      return customAllReduce(bench, op.gpus, length * op.width);
    case "nccl":
      return nccl(bench, op.operation, op.gpus, length * op.width);
    case "memory":
      return { ms: memoryOp(bench, length * op.bytesPerToken), wms: 0 };
    case "context_mla":
    case "generation_mla": {
      const { heads, kv, fmha, module } = op;
      const modes = { fmha, kv, gemm: module?.gemm ?? "bfloat16" };
      const isContext = op.kind === "context_mla";
      if (module === undefined) {
        return isContext
          ? contextMla(bench, modes, heads, { point, cp: 1 })
          : generationMla(bench, kv, heads, point);
      }
      const of = { heads, native: module.nativeHeads };
      return isContext
        ? contextModule(bench, modes, of, point)
        : generationModule(bench, modes, of, point);
    }
    case "mla_bmm":
      return mlaBmm(bench, op.quant, op.step, { heads: op.heads, b });
    default:
      throw new Error(`No vector has the operator ${op.kind}.`);
  }
}

Deno.test({
  name:
    "[shared] product and reference give single operators the values of Appendix A",
  ignore: data === undefined,
  async fn() {
    const names = [...new Set(VECTORS.map(({ identity }) => identity))];
    const identities = names.map((name) => {
      const [system = "", backend = "", version = ""] = name.split("/");
      return { system, backend, version };
    });
    await using test = await TestData.import(data ?? "", identities);
    const module = await loadModule();
    for (const [index, identity] of identities.entries()) {
      const pack = await test.store.readPack(identity);
      const engine = new Engine(module, pack);
      const all = packTables(pack);
      const own = VECTORS.filter((it) => it.identity === names[index]);
      for (const vector of own) {
        const { mode = "SILICON", op, ms, wms, tableOnly } = vector;
        const bench: Bench = {
          mode: mode === "ROOFLINE" ? "SILICON" : mode,
          tables: mode === "EMPIRICAL" ? primaryOnly(all) : all,
          system: all.system,
          backend: identity.backend,
          transfers: transfersOf("aggressive"),
        };
        const around = tableOnly === true ? extras(bench, op) : 0;
        for (
          const [who, found] of [
            ["product", askProduct(engine, vector)],
            ["reference", askReference(bench, vector)],
          ] as const
        ) {
          const what = `${who}: ${JSON.stringify(vector)}`;
          if (ms === undefined) {
            assert.equal(found, null, what);
            continue;
          }
          assert.ok(found !== null, what);
          const off = Math.abs(found.ms - around - ms) / ms;
          assert.ok(off <= MOST_ERROR, `${what}: ${found.ms - around}`);
          if (wms === undefined) continue;
          const energyOff = Math.abs(found.wms - wms);
          assert.ok(
            energyOff <= MOST_ERROR * Math.max(wms, 1),
            `${what}: ${found.wms}`,
          );
        }
      }
    }
  },
});
