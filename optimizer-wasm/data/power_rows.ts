/**
 * Modelled power (R53): the share of (TDP − idle) that an operator draws, from how busy it keeps tensor cores and
 * memory. Fitted on the tables that carry measured power; `docs/accuracy.md` states the error.
 * @module
 */

/** `base + compute · u_c ^ computeExponent + memory · u_m ^ memoryExponent`, at most 1. */
export interface PowerShare {
  readonly base: number;
  readonly compute: number;
  readonly computeExponent: number;
  readonly memory: number;
  readonly memoryExponent: number;
}

const share = (
  base: number,
  compute: number,
  computeExponent: number,
  memory: number,
  memoryExponent: number,
): PowerShare => ({ base, compute, computeExponent, memory, memoryExponent });

/** Operator families that draw alike. */
export type PowerFamily =
  | "gemm"
  | "contextAttention"
  | "generationAttention"
  | "moe"
  | "communication"
  | "memory";

type MeasuredFamily = Exclude<PowerFamily, "communication" | "memory">;

/** Fits over all measured tables, and over those of one backend, which differ by more than the fit does. */
const MEASURED: Readonly<
  Record<
    "any" | "vllm" | "trtllm",
    Readonly<Record<MeasuredFamily, PowerShare>>
  >
> = {
  any: {
    gemm: share(0.03, 0.8593, 0.5023, 0.4095, 0.3164),
    contextAttention: share(0.3353, 0.593, 0.2, 0, 1.5),
    generationAttention: share(0.226, 0, 1.2, 0.0309, 0.2897),
    moe: share(0.03, 1.5, 0.3997, 0.8569, 1.105),
  },
  vllm: {
    gemm: share(0.03, 0.8756, 0.3782, 0.2602, 0.2166),
    contextAttention: share(0.2232, 0.6308, 0.2, 0.03234, 0.2),
    generationAttention: share(0.3, 0, 1.2, 0.08901, 1.5),
    moe: share(0.3989, 1.5, 0.5794, 0.5611, 1.246),
  },
  trtllm: {
    gemm: share(0.06443, 0.5857, 0.3923, 1.5, 0.9472),
    contextAttention: share(0.1942, 0.7157, 0.3812, 0.5464, 0.2),
    generationAttention: share(0.09041, 0, 0.45, 0.0167, 1.5),
    moe: share(0.03, 1.175, 0.3537, 0.4737, 1.165),
  },
};

/** Never measured: a stated guess. Communication keeps a fifth of the range, moving memory up to three fifths. */
const GUESSED = {
  communication: share(0.2, 0, 1, 0, 1),
  memory: share(0.1, 0, 1, 0.5, 0.5),
} as const;

/** The share of an operator family on a backend. */
export function powerShareOf(
  family: PowerFamily,
  backend: string,
): PowerShare {
  if (family === "communication" || family === "memory") {
    return GUESSED[family];
  }
  return MEASURED[backend === "vllm" || backend === "trtllm" ? backend : "any"][
    family
  ];
}
