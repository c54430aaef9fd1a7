/** Checks a question field by field before it reaches the module. @module */

import { WattkeeperError } from "../service/portable.ts";
import type { StaticQuery } from "./estimator.ts";

/** Largest numbers that are still a question rather than a slip; 32-bit lengths hold them with room. */
export const MOST = {
  batchSize: 1_048_576,
  isl: 16_777_216,
  osl: 16_777_216,
  /** Tokens of one pass: beyond it the expert arithmetic would leave 64 bits. */
  tokens: 1 << 30,
} as const;

const NAMES = {
  batchSize: "batch_size",
  isl: "isl",
  osl: "osl",
  prefix: "prefix",
  stride: "stride",
} as const;

function integer(
  field: keyof typeof NAMES,
  value: number,
  low: number,
  high: number,
): number {
  if (Number.isSafeInteger(value) && value >= low && value <= high) {
    return value;
  }
  throw new WattkeeperError(
    "invalid_value",
    `${
      NAMES[field]
    } must be an integer from ${low} to ${high}, found ${value}.`,
    { where: NAMES[field] },
  );
}

/**
 * @param newTokens least input tokens that no cache holds: 0 for a decode worker, which takes the whole input over
 * @returns the query with its defaults filled in
 * @throws {WattkeeperError} `invalid_value`, naming the field
 */
export function checkQuery(
  query: StaticQuery,
  newTokens: 0 | 1 = 1,
): Required<StaticQuery> {
  const batchSize = integer("batchSize", query.batchSize, 1, MOST.batchSize);
  const isl = integer("isl", query.isl, 1, MOST.isl);
  const osl = integer("osl", query.osl, 1, MOST.osl);
  const prefix = integer("prefix", query.prefix ?? 0, 0, isl - newTokens);
  const stride = integer("stride", query.stride ?? 32, 1, MOST.osl);
  if (batchSize * isl > MOST.tokens) {
    throw new WattkeeperError(
      "invalid_value",
      `batch_size × isl = ${
        batchSize * isl
      } tokens in one pass is beyond ${MOST.tokens}.`,
      { where: "batch_size" },
    );
  }
  return { batchSize, isl, osl, prefix, stride };
}
