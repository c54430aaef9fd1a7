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

/** By operator family. Communication and memory operators were never measured: a stated guess. */
export const POWER_SHARES = {
  gemm: share(0, 0.8542, 0.5059, 0.4361, 0.2719),
  contextAttention: share(0, 0.9051, 0.1, 0, 1),
  generationAttention: share(0.226, 0, 1, 0.0309, 0.2897),
  moe: share(0.03016, 1.617, 0.428, 0.8608, 1.07),
  communication: share(0.15, 0, 1, 0, 1),
  memory: share(0.3, 0, 1, 0, 1),
} as const satisfies Record<string, PowerShare>;

/** Draw of a GPU with a model loaded and nothing to do, by system, watts. */
const IDLE_WATTS: Readonly<Record<string, number>> = {
  a100_sxm: 60,
  h100_sxm: 80,
  h200_sxm: 110,
  b200_sxm: 200,
  gb200: 200,
};
/** Share of the TDP that a GPU of another system is taken to draw when idle. */
const IDLE_SHARE = 0.15;

/** Idle draw of a system's GPU, watts. */
export function idleWattsOf(name: string, tdpWatts: number): number {
  return IDLE_WATTS[name] ?? IDLE_SHARE * tdpWatts;
}
