/** What can be asked of the real engine, and what it says. @module */

/** One engine of the peer. */
export interface PeerEngine {
  readonly model: string;
  /** Graph family in place of the model's architecture. */
  readonly family?: string;
  readonly system: string;
  readonly backend: string;
  readonly version: string;
  /** Folder of system descriptions; absent: those of the installed package. */
  readonly systems_path?: string;
  readonly mode?: string;
  readonly policy?: string;
  readonly layout: {
    readonly tp: number;
    readonly pp: number;
    readonly dp: number;
    readonly moe_tp: number;
    readonly moe_ep: number;
    readonly cp: number;
  };
  readonly quant?: {
    readonly gemm?: string;
    readonly moe?: string;
    readonly kv?: string;
    readonly fmha?: string;
  };
  readonly nextn?: number;
  /** Builds the model without the estimate path's choice of precision (`aic-engine.md` §6.2). */
  readonly direct?: boolean;
  /** The estimate path of a worker without context attention. */
  readonly generation_only?: boolean;
}

/** The questions. */
export type PeerAsk =
  | {
    readonly kind: "static";
    readonly batch: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix?: number;
    readonly stride?: number;
    readonly mode?: "static" | "static_ctx" | "static_gen";
  }
  | {
    readonly kind: "mixed";
    readonly ctx: number;
    readonly gen: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix?: number;
  }
  | {
    readonly kind: "generation_step";
    readonly gen: number;
    readonly isl: number;
    readonly osl: number;
  }
  | {
    readonly kind: "agg";
    readonly batch: number;
    readonly ctx?: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix?: number;
  }
  | {
    readonly kind: "memory";
    readonly mode: "static" | "static_ctx" | "static_gen";
    readonly batch: number;
    readonly isl: number;
    readonly osl: number;
    readonly prefix?: number;
  }
  | {
    readonly kind: "kv_capacity";
    readonly max_num_tokens: number;
    readonly max_batch_size: number;
    readonly fraction: number;
  }
  | { readonly kind: "quant" }
  | {
    readonly kind: "operators";
    readonly operators: readonly unknown[];
    readonly context: boolean;
    readonly batch: number;
    readonly s: number;
    readonly prefix?: number;
    readonly x?: number;
  };

/** Name, latency in ms, energy in W·ms, source. */
export type PeerOperator = readonly [string, number, number, string];

/** One phase: sums and operators. */
export interface PeerPhase {
  readonly ms: number;
  readonly wms: number;
  readonly operators: readonly PeerOperator[];
}

/** Memory in GiB by part, and the two verdicts. */
export interface PeerMemory {
  readonly gib: Readonly<Record<string, number>>;
  readonly oom: boolean;
  readonly kv_oom: boolean;
}

/** Answers by kind. */
export interface PeerAnswers {
  readonly static: {
    readonly context: PeerPhase;
    readonly generation: PeerPhase;
  };
  readonly mixed: {
    readonly shared: PeerPhase;
    readonly context_attention: PeerPhase;
    readonly decode_attention: PeerPhase;
  };
  readonly generation_step: PeerPhase;
  readonly agg: {
    readonly row: Readonly<Record<string, number | string>>;
    readonly memory: PeerMemory;
  };
  readonly memory: PeerMemory;
  readonly kv_capacity: Readonly<Record<string, number | string>>;
  readonly quant: Readonly<
    Record<"gemm" | "moe" | "kv" | "fmha", string | null>
  >;
  readonly operators: PeerPhase;
}

/** What came back: an answer, or the exception class with its text. */
export type PeerReply<Kind extends keyof PeerAnswers> =
  | { readonly ok: PeerAnswers[Kind] }
  | { readonly error: string; readonly message: string };
