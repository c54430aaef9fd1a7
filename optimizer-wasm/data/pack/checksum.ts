/** SHA-256, as packs and the store's index carry it. @module */

/** SHA-256 of `bytes`. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  // A copy only when the bytes lie in shared memory, which the Web Crypto API refuses.
  const plain = bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : new Uint8Array(bytes);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
}

/** SHA-256 of `bytes` in lower-case hexadecimal. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return Array.from(
    await sha256(bytes),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}
