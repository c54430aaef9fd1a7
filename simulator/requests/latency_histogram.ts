/** Latencies as counts in buckets of a relative width: percentiles within 0.4 % from a fixed amount of memory. @module */

/** Buckets an octave; a bucket is 1/128 wide. */
const PER_OCTAVE = 128;
/** Exponent of the smallest value that is told apart: 2^−7 ms. */
const LOWEST_EXPONENT = 120;
const OCTAVES = 32;
const BUCKETS = OCTAVES * PER_OCTAVE;

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** Counts of values above 0; those below 2^−7 share the first bucket, those above 2^25 the last. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;

  get count(): number {
    return this.#count;
  }

  get mean(): number | undefined {
    return this.#count > 0 ? this.#sum / this.#count : undefined;
  }

  add(milliseconds: number): void {
    value[0] = milliseconds;
    // Exponent and the first seven binary places of a float are a logarithmic scale already.
    const bucket = (bits[0]! >>> 16) - LOWEST_EXPONENT * PER_OCTAVE;
    this.#counts[Math.min(BUCKETS - 1, Math.max(0, bucket))]!++;
    this.#count++;
    this.#sum += milliseconds;
  }

  /** @param share 0.99 for the 99th percentile @returns the middle of its bucket; undefined without values */
  quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted) return middleOf(bucket);
    }
    return middleOf(BUCKETS - 1);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = this.#sum = 0;
  }
}

function middleOf(bucket: number): number {
  bits[0] = (bucket + LOWEST_EXPONENT * PER_OCTAVE) << 16 | 1 << 15;
  return value[0]!;
}
