/** Reading the headers of a Parquet column's pages, before anything is allocated on their word. @module */

/** Kinds of pages, as the format numbers them. */
export const PAGE = { data: 0, index: 1, dictionary: 2, dataV2: 3 } as const;

/** What a page says of itself. */
export interface PageHeader {
  readonly type: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  readonly values: number;
  /** Version 2 pages: how many of the values are absent. */
  readonly nulls: number;
  /** Parquet's number of the encoding of the values. */
  readonly encoding: number;
  /** Version 2 pages: bytes of the levels in front of the values. */
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  /** Version 2 pages may say that they are not compressed in a column that is. */
  readonly isCompressed: boolean;
  /** Where the page's content begins. */
  readonly start: number;
}

type Fields = Map<number, number | Fields>;

const HEADER_OF_TYPE: Readonly<Record<number, number>> = {
  [PAGE.data]: 5,
  [PAGE.dictionary]: 7,
  [PAGE.dataV2]: 8,
};
const MAX_NESTING = 8;

/**
 * Reads the page header at `offset`, which is a Thrift struct in compact form.
 *
 * @throws {RangeError} when it is malformed or reaches beyond `bytes`
 */
export function readPageHeader(bytes: Uint8Array, offset: number): PageHeader {
  const thrift = new CompactReader(bytes, offset);
  const fields = thrift.struct(0);
  const number = (from: Fields, field: number): number => {
    const value = from.get(field);
    if (typeof value === "number") return value;
    throw new RangeError(`page header has no field ${field}`);
  };
  const type = number(fields, 1);
  const nested = fields.get(HEADER_OF_TYPE[type] ?? 0);
  const own: Fields = nested instanceof Map ? nested : new Map();
  const isV2 = type === PAGE.dataV2;
  return {
    type,
    uncompressedBytes: number(fields, 2),
    compressedBytes: number(fields, 3),
    values: number(own, 1),
    nulls: isV2 ? number(own, 2) : 0,
    encoding: number(own, isV2 ? 4 : 2),
    definitionBytes: isV2 ? number(own, 5) : 0,
    repetitionBytes: isV2 ? number(own, 6) : 0,
    isCompressed: !isV2 || own.get(7) !== 0,
    start: thrift.offset,
  };
}

/** As much of Thrift's compact protocol as page headers use. */
class CompactReader {
  offset: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  struct(depth: number): Fields {
    if (depth > MAX_NESTING) {
      throw new RangeError("page header nested too deep");
    }
    const fields: Fields = new Map();
    let field = 0;
    for (;;) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return fields;
      field = head >> 4 ? field + (head >> 4) : unZigZag(this.varint());
      const value = this.#value(type, depth);
      if (value !== null) fields.set(field, value);
    }
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError("page header has an endless number");
  }

  #value(type: number, depth: number): number | Fields | null {
    switch (type) {
      case 1: // true
      case 2: // false
        return 2 - type;
      case 3:
        return this.#byte();
      case 4:
      case 5:
      case 6:
        return unZigZag(this.varint());
      case 7:
        return this.#skip(8);
      case 8:
        return this.#skip(this.varint());
      case 12:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`page header has a field of type ${type}`);
    }
  }

  #skip(bytes: number): null {
    this.offset += bytes;
    return null;
  }

  #byte(): number {
    const byte = this.#bytes[this.offset++];
    if (byte === undefined) throw new RangeError("page header is cut off");
    return byte;
  }
}

function unZigZag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
