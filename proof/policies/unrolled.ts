/** A trace for a whole run: round after round, several copies at once, every prompt of another round or copy another text. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { RequestTrace } from "../../simulator/mod.ts";

/** More are not held in memory. */
const MOST_REQUESTS = 8_000_000;
const MOST_BLOCKS = 64_000_000;

/** Shift from copy to copy as a share of the trace: equal parts would repeat every pattern once a part. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** What is unrolled. */
export interface Unrolling {
  /** Copies that run at once, each shifted against the one before. */
  readonly copies: number;
  /** Of the trace's own time, milliseconds. */
  readonly lengthMs: number;
}

/**
 * Plays the copies until the time is up. The first copy begins with the trace, the others within it.
 *
 * @throws {WattkeeperError} `invalid_value` for more requests than fit
 */
export function unrolled(
  trace: RequestTrace,
  { copies, lengthMs }: Unrolling,
): RequestTrace {
  const count = trace.atMs.length;
  const rounds = lengthMs / trace.lengthMs + 1;
  const perRound = trace.blocks.length;
  if (
    count * copies * rounds > MOST_REQUESTS ||
    perRound * copies * rounds > MOST_BLOCKS
  ) throw tooLong();
  const requests: { atMs: number; index: number; text: number }[] = [];
  let texts = 0;
  for (let copy = 0; copy < copies; copy++) {
    const shiftMs = copy * GOLDEN % 1 * trace.lengthMs;
    for (let round = 0; round * trace.lengthMs - shiftMs < lengthMs; round++) {
      const beginMs = round * trace.lengthMs - shiftMs;
      for (let index = 0; index < count; index++) {
        const atMs = beginMs + trace.atMs[index]!;
        if (atMs >= 0 && atMs < lengthMs) {
          requests.push({ atMs, index, text: texts });
        }
      }
      texts++;
    }
  }
  requests.sort((a, b) => a.atMs - b.atMs || a.text - b.text);
  return columnsOf(trace, requests, { texts, lengthMs });
}

function columnsOf(
  trace: RequestTrace,
  requests: readonly { atMs: number; index: number; text: number }[],
  { texts, lengthMs }: { readonly texts: number; readonly lengthMs: number },
): RequestTrace {
  const hasBlocks = trace.blocksFrom.length > 0;
  const sizeOf = (index: number) =>
    hasBlocks ? trace.blocksFrom[index + 1]! - trace.blocksFrom[index]! : 0;
  const blocks = new Int32Array(
    requests.reduce((sum, { index }) => sum + sizeOf(index), 0),
  );
  const blocksFrom = new Int32Array(hasBlocks ? requests.length + 1 : 0);
  let at = 0;
  requests.forEach(({ index, text }, place) => {
    if (!hasBlocks) return;
    const from = trace.blocksFrom[index]!;
    for (let block = 0; block < sizeOf(index); block++) {
      blocks[at++] = trace.blocks[from + block]! + text * trace.blockCount;
    }
    blocksFrom[place + 1] = at;
  });
  return {
    atMs: Float64Array.from(requests, ({ atMs }) => atMs),
    islTokens: Int32Array.from(
      requests,
      ({ index }) => trace.islTokens[index]!,
    ),
    oslTokens: Int32Array.from(
      requests,
      ({ index }) => trace.oslTokens[index]!,
    ),
    blocks,
    blocksFrom,
    blockCount: trace.blockCount * texts,
    lengthMs,
  };
}

function tooLong(): WattkeeperError {
  return new WattkeeperError(
    "invalid_value",
    "So many copies of the trace for so long hold more requests than fit.",
    { where: "--hours", remedy: "Write fewer --copies or fewer --hours." },
  );
}
