/** What engines really do: the port to a performance model whose true coefficients the planner does not know. @module */

import type { SimulatedSide } from "../cluster/mod.ts";

/** Work of one engine on one GPU's share, without a cap. */
export interface TrueWork {
  readonly milliseconds: number;
  /** Draw of one GPU meanwhile, watts. */
  readonly watts: number;
}

/** How one kind of engine behaves. Pure: equal questions have equal answers. */
export interface EngineTruth {
  /** One prompt alone, from the start of its pass to its first token. */
  prefill(islTokens: number): TrueWork;
  /** One prompt of `islTokens` whose first `cachedTokens` are cached; absent: looking back at a cache costs nothing. */
  prefillCached?(islTokens: number, cachedTokens: number): TrueWork;
  /** Milliseconds until a prompt's cache has arrived at a decode engine; absent: 0. */
  handOverMs?(islTokens: number): number;
  /** One step of a batch, a token for each of its requests. */
  decodeStep(batchSize: number, kvTokens: number): TrueWork;
  /** Time at a limit ÷ time without, for a draw that wants more; 1 where it does not. */
  slowdown(
    limitWatts: number,
    wantedWatts: number,
    side: SimulatedSide,
  ): number;
  /** Requests that fit one engine at a time. */
  mostRequests(kvTokens: number): number;
  readonly kvCapacityTokens: number;
  readonly idleWatts: number;
}

/** True ÷ predicted, by what is predicted; the planner has to find them (R14). */
export interface HiddenCoefficients {
  readonly ttft: number;
  readonly itl: number;
  readonly powerPrefill: number;
  readonly powerDecode: number;
}

/** The model as it is. */
export const NO_SECRET: HiddenCoefficients = {
  ttft: 1,
  itl: 1,
  powerPrefill: 1,
  powerDecode: 1,
};

/** A truth that differs from its model by hidden coefficients. */
export function withSecret(
  truth: EngineTruth,
  secret: HiddenCoefficients,
): EngineTruth {
  return {
    ...truth,
    prefill: (islTokens) => {
      const { milliseconds, watts } = truth.prefill(islTokens);
      return {
        milliseconds: milliseconds * secret.ttft,
        watts: watts * secret.powerPrefill,
      };
    },
    ...(truth.prefillCached && {
      prefillCached: (islTokens: number, cachedTokens: number) => {
        const work = truth.prefillCached!(islTokens, cachedTokens);
        return {
          milliseconds: work.milliseconds * secret.ttft,
          watts: work.watts * secret.powerPrefill,
        };
      },
    }),
    decodeStep: (batchSize, kvTokens) => {
      const { milliseconds, watts } = truth.decodeStep(batchSize, kvTokens);
      return {
        milliseconds: milliseconds * secret.itl,
        watts: watts * secret.powerDecode,
      };
    },
  };
}
