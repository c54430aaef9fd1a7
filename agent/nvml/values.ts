/** What the library writes into buffers, read as values: milliwatts here, watts everywhere inside. @module */

/** Capacity for names and UUIDs: `NVML_DEVICE_UUID_V2_BUFFER_SIZE` and `NVML_DEVICE_NAME_V2_BUFFER_SIZE` are 96. */
export const TEXT_BYTES = 96;

/** A buffer for the library to write into, with typed readers. */
export class Out {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  static u32(value = 0): Out {
    return new Out(4).setU32(value);
  }

  setU32(value: number): this {
    this.#view.setUint32(0, value, true);
    return this;
  }

  u32(at = 0): number {
    return this.#view.getUint32(at, true);
  }

  u64(at = 0): bigint {
    return this.#view.getBigUint64(at, true);
  }

  /** The text up to its NUL. */
  text(): string {
    const end = this.bytes.indexOf(0);
    return new TextDecoder().decode(
      this.bytes.subarray(0, end < 0 ? this.bytes.length : end),
    );
  }
}

/**
 * Buffers that are used again: a new one costs more than the call that fills it. One belongs to one call from
 * {@linkcode take} until the library has returned; after a call that was given up it is never used again, for the
 * library may still write into it.
 */
export class OutPool {
  readonly #free: Out[] = [];

  constructor(private readonly bytes: number) {}

  /** A buffer of zeros. */
  take(): Out {
    const out = this.#free.pop();
    out?.bytes.fill(0);
    return out ?? new Out(this.bytes);
  }

  /** @param out a buffer from here, read and no longer needed; the call it was for has returned */
  giveBack(out: Out): void {
    this.#free.push(out);
  }
}

/** Watts beyond this are a blank or a broken answer, not a limit. */
const MAX_PLAUSIBLE_MILLIWATTS = 100_000_000;

/** @returns watts, or undefined when no GPU can have meant this */
export function wattsOf(milliwatts: number): number | undefined {
  return milliwatts > 0 && milliwatts <= MAX_PLAUSIBLE_MILLIWATTS
    ? milliwatts / 1000
    : undefined;
}
