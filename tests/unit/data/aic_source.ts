/** Small AIC sources for tests: in memory, on the disk, as CSV and as Parquet. @module */

import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { SourceTree } from "../../../optimizer-wasm/data/import/source_tree.ts";

/** A row of a table. */
export type Row = Readonly<Record<string, string | number>>;
/** Content by path below the package. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Columns that are doubles even when a value happens to be whole. */
const MEASURES = new Set(["latency", "power", "power_limit"]);

/** A system yaml in upstream's form; rates as those of no real GPU. */
export function systemYaml(
  name: string,
  { smVersion = 90, extra = "", library = 'nccl_version: "2.27.3"' } = {},
): string {
  return `data_dir: data/${name} # relative to systems_dir
gpu:
  mem_bw: 4800000000000
  mem_bw_empirical_scaling_factor: 0.8
  mem_empirical_constant_latency: 0.000003
  mem_capacity: 151397597184
  bfloat16_tc_flops: 989000000000000
  int8_tc_flops: 1978000000000000
  fp8_tc_flops: 1978000000000000
  power: 700
  sm_version: ${smVersion}
${extra}
node:
  num_gpus_per_node: 8
  inter_node_bw: 50000000000
  intra_node_bw: 450000000000
  pcie_bw: 64000000000
  p2p_latency: 0.00001
misc:
  nccl_mem: {1: 0, 2: 358612992, 4: 411041792, 8: 411041792}
  other_mem: 3758096384
  ${library}
`;
}

/** An older CSV table. */
export function csv(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => names.map((name) => row[name]).join(","));
  return [names.join(","), ...lines].join("\n") + "\n";
}

/** A Parquet table with the column types of upstream's. */
export function parquet(rows: readonly Row[]): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({
    columnData: Object.keys(rows[0] ?? {}).map((name) => {
      const values = rows.map((row) => row[name]!);
      if (typeof values[0] === "string") {
        return { name, data: values, type: "STRING" as const };
      }
      return MEASURES.has(name)
        ? { name, data: values, type: "DOUBLE" as const }
        : {
          name,
          data: values.map((value) => BigInt(value)),
          type: "INT64" as const,
        };
    }),
  }));
}

/** A source in memory. */
export function memoryTree(files: Files, description = "memory"): SourceTree {
  return {
    description,
    files: Object.keys(files).sort(),
    locate: (path) => `${description}/${path}`,
    read(path) {
      const content = files[path];
      if (content === undefined) throw new Error(`no file ${path}`);
      return Promise.resolve(
        typeof content === "string"
          ? new TextEncoder().encode(content)
          : content,
      );
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Writes a source below `folder`. */
export async function writeSource(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(
      target,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
}

/** A temporary folder that goes with its scope. */
export async function temporaryFolder(): Promise<
  AsyncDisposable & { readonly path: string }
> {
  const path = await Deno.makeTempDir({ prefix: "wattkeeper-data-test-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A GEMM row. */
export function gemmRow(
  [m, n, k]: readonly [number, number, number],
  latency: number,
  more: Row = {},
): Row {
  return {
    framework: "x",
    kernel_source: "k",
    gemm_dtype: "bfloat16",
    ...{ m, n, k, latency },
    ...more,
  };
}

/** A small but complete source: one system, two vllm versions, collectives, a model. */
export function smallSource(
  system = "h200_sxm",
): Record<string, string | Uint8Array> {
  const data = `systems/data/${system}`;
  const gemm = (latency: number) =>
    parquet([
      gemmRow([1, 1024, 1024], latency),
      gemmRow([16, 1024, 1024], latency * 2),
    ]);
  return {
    [`systems/${system}.yaml`]: systemYaml(system),
    [`${data}/gemm/vllm/0.19.0/gemm_perf.parquet`]: gemm(1),
    [`${data}/gemm/vllm/0.22.0/gemm_perf.parquet`]: gemm(2),
    [`${data}/comm/nccl/2.27.3/nccl_perf.parquet`]: parquet([{
      nccl_dtype: "half",
      op_name: "all_gather",
      num_gpus: 2,
      message_size: 1024,
      latency: 0.01,
    }]),
    "model_configs/org--model_config.json": JSON.stringify({
      architectures: ["LlamaForCausalLM"],
    }),
  };
}
