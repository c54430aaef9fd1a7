/** Checking run-length encoded values before they are expanded. @module */

/** Bit-packed runs may be padded by this many values. */
const PADDING_VALUES = 512;

/** Where runs are and what they must hold. */
export interface RunBounds {
  readonly start: number;
  /** Bits of one value. */
  readonly bitWidth: number;
  readonly values: number;
  /** The runs may hold fewer values, because absent ones take no place among them. */
  readonly mayHoldFewer?: boolean;
}

/**
 * Walks the runs of Parquet's run-length and bit-packing hybrid.
 *
 * @param bytes holds the runs from `start`
 * @throws {RangeError} when they hold fewer values than they must, or a run claims more than are left
 */
export function checkRuns(
  bytes: Uint8Array,
  { start, bitWidth, values, mayHoldFewer = false }: RunBounds,
): void {
  if (bitWidth > 32) {
    throw new RangeError(`values of ${bitWidth} bits are impossible`);
  }
  let at = start;
  for (let seen = 0; seen < values;) {
    if (mayHoldFewer && at >= bytes.length) return;
    let header = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 35) {
        throw new RangeError(`runs end after ${seen} of ${values} values`);
      }
      header += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const packed = header % 2 === 1;
    const count = Math.floor(header / 2) * (packed ? 8 : 1);
    if (count > values - seen + (packed ? PADDING_VALUES : 0)) {
      throw new RangeError(
        `a run claims ${count} values where ${values - seen} are left`,
      );
    }
    at += packed ? count / 8 * bitWidth : Math.ceil(bitWidth / 8);
    seen += count;
  }
}
