/** The WebAssembly module inside the worker's own file: a page that may connect to nothing cannot fetch it. @module */

declare global {
  /** The module in base64; the build writes it in front of the bundle. */
  var wattkeeperEngine: string | undefined;
}

/** The module's bytes. */
export function engineBytes(): Uint8Array<ArrayBuffer> {
  const text = globalThis.wattkeeperEngine;
  if (text === undefined) {
    throw new Error("This worker was built without its engine.");
  }
  globalThis.wattkeeperEngine = undefined;
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
