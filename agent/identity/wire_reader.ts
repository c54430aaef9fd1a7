/** Protocol-buffer wire format, as far as one reply needs it. @module */

/** One length-delimited field of a message. Other wire types are passed over. */
export interface WireField {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Bytes that are not a protocol-buffer message. */
export class WireFormatError extends Error {
  override readonly name = "WireFormatError";
}

/**
 * The length-delimited fields of a message, in order.
 *
 * @throws {WireFormatError} when the bytes end early or a wire type is none
 */
export function* wireFields(message: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) {
        throw new WireFormatError("The message ends early.");
      }
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new WireFormatError("A number is too long.");
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) {
      throw new WireFormatError("The message ends early.");
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield { number, bytes: take(varint()) };
        break;
      case 5:
        take(4);
        break;
      default:
        throw new WireFormatError(`There is no wire type ${tag % 8}.`);
    }
  }
}

/** A string field's text. */
export function wireText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WireFormatError("A text is not UTF-8.", { cause });
  }
}
