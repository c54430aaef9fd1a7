/** An operator of a model graph, before it meets tables: its name, multiplicity and dimensions. @module */

/** What every operator has. */
interface OpBase {
  /** Name in breakdowns, with its phase: `context_qkv_gemm`. Operators of one name are summed there. */
  readonly name: string;
  /** Multiplicity, usually the number of layers. */
  readonly scale: number;
  /** Context parallel ranks that share the tokens: the operator sees ⌈x / split⌉. 1 when unsplit. */
  readonly split: number;
  /** The split rounds down instead: tokens spread over tensor-parallel ranks by all-to-all layouts (§5.10). */
  readonly floorSplit?: boolean;
  /** Traffic around the experts: its energy never counts (§5.10). */
  readonly isDispatch?: boolean;
  /** Weights on one GPU, bytes, before `scale`. */
  readonly weightBytes: number;
}

/** Elementwise and embedding: bytes moved a token (`aic-engine.md` §5.1). */
export interface MemoryOp extends OpBase {
  readonly kind: "memory";
  readonly bytesPerToken: number;
}

/** GEMM of width k to n (§5.2). */
export interface GemmOp extends OpBase {
  readonly kind: "gemm";
  readonly n: number;
  readonly k: number;
  readonly quant: string;
  /** Output projection and second FFN GEMM: an fp8_static kernel also saves scale_matrix. */
  readonly lowPrecisionInput: boolean;
}

/** Heads as one GPU sees them. */
interface AttentionOp extends OpBase {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Tokens of a sliding window, 0 without. */
  readonly window: number;
  readonly kv: string;
  readonly contextParallel: number;
}

/** Attention of a prefill pass (§5.3). */
export interface ContextAttentionOp extends AttentionOp {
  readonly kind: "context_attention";
  readonly fmha: string;
  readonly qkNorm: boolean;
}

/** Attention of a decode step (§5.4). */
export interface GenerationAttentionOp extends AttentionOp {
  readonly kind: "generation_attention";
}

/** All-reduce of a hidden state over `gpus` (§5.5). */
export interface AllReduceOp extends OpBase {
  readonly kind: "all_reduce";
  readonly gpus: number;
  readonly width: number;
}

/** NCCL collective (§5.6); tokens are multiplied by `tokenMultiple` (attention data parallel). */
export interface NcclOp extends OpBase {
  readonly kind: "nccl";
  readonly operation:
    | "all_gather"
    | "reduce_scatter"
    | "all_reduce"
    | "alltoall";
  readonly gpus: number;
  /** Elements a token; may be fractional for the context-parallel gather. */
  readonly width: number;
  readonly tokenMultiple: number;
}

/** Hand-over between pipeline stages (§5.8). */
export interface P2pOp extends OpBase {
  readonly kind: "p2p";
  readonly width: number;
}

/** Routed experts (§5.9); tokens are multiplied by attention data parallel. */
export interface MoeOp extends OpBase {
  readonly kind: "moe";
  readonly hidden: number;
  readonly inter: number;
  readonly topk: number;
  readonly experts: number;
  readonly moeTp: number;
  readonly moeEp: number;
  readonly quant: string;
  readonly distribution: string;
  readonly attentionDp: number;
}

/** All-to-all of large expert parallelism (§5.10). */
export interface AllToAllOp extends OpBase {
  readonly kind: "all_to_all";
  readonly phase: "dispatch" | "combine";
  readonly kernel: string;
  readonly sms: number;
  readonly hidden: number;
  readonly topk: number;
  readonly experts: number;
  readonly moeEp: number;
  readonly nodes: number;
}

/** Latent attention of a prefill pass or a decode step, granular or as a measured module (§5.11). */
export interface MlaOp extends OpBase {
  readonly kind: "context_mla" | "generation_mla";
  readonly heads: number;
  readonly kv: string;
  readonly fmha: string;
  readonly contextParallel: number;
  /** The whole module: heads of the model it belongs to, and the precision of its projections. */
  readonly module?: { readonly nativeHeads: number; readonly gemm: string };
}

/** Batched GEMM before or after latent attention in a decode step (§5.11). */
export interface MlaBmmOp extends OpBase {
  readonly kind: "mla_bmm";
  readonly step: "pre" | "post";
  readonly heads: number;
  readonly quant: string;
}

/** The first operator, or where it is not measured the others (§5.11). */
export interface FallbackOp extends OpBase {
  readonly kind: "fallback";
  readonly primary: OpSpec;
  readonly granular: readonly OpSpec[];
}

/** Two groups that run at the same time (§5.11). */
export interface OverlapOp extends OpBase {
  readonly kind: "overlap";
  readonly groups: readonly [readonly OpSpec[], readonly OpSpec[]];
}

/** Any operator. */
export type OpSpec =
  | MemoryOp
  | GemmOp
  | ContextAttentionOp
  | GenerationAttentionOp
  | AllReduceOp
  | NcclOp
  | P2pOp
  | MoeOp
  | AllToAllOp
  | MlaOp
  | MlaBmmOp
  | FallbackOp
  | OverlapOp;

/** Both phases of a model in list order. */
export interface ModelGraph {
  readonly context: readonly OpSpec[];
  readonly generation: readonly OpSpec[];
  /** Weights of one GPU, bytes: over the context operators, divided by pipeline stages (§8). */
  readonly weightBytes: number;
}
