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
    const out = new Out(4);
    out.#view.setUint32(0, value, true);
    return out;
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

/** Watts beyond this are a blank or a broken answer, not a limit. */
const MAX_PLAUSIBLE_MILLIWATTS = 100_000_000;

/** @returns watts, or undefined when no GPU can have meant this */
export function wattsOf(milliwatts: number): number | undefined {
  return milliwatts > 0 && milliwatts <= MAX_PLAUSIBLE_MILLIWATTS
    ? milliwatts / 1000
    : undefined;
}
