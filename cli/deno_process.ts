/** The real process behind {@linkcode ProcessPort}. @module */

import { OutputClosedError, type ProcessPort } from "./process_port.ts";

const FALLBACK_COLUMNS = 80;

/**
 * Binds the frame to the process it runs in.
 *
 * @returns the port that `main.ts` hands to the frame
 */
export function denoProcess(): ProcessPort {
  const encoder = new TextEncoder();
  return {
    write(text) {
      try {
        writeAll(Deno.stdout, encoder.encode(text));
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) {
          throw new OutputClosedError("Standard output is closed.", {
            cause: error,
          });
        }
        throw error;
      }
    },
    writeError(text) {
      try {
        writeAll(Deno.stderr, encoder.encode(text));
      } catch {
        // Standard error is gone: nobody is left to be told.
      }
    },
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    columns() {
      try {
        return Deno.consoleSize().columns || FALLBACK_COLUMNS;
      } catch {
        return FALLBACK_COLUMNS; // no terminal on any standard stream
      }
    },
    env: (name) => Deno.env.get(name),
    now: () => performance.now(),
    onSignal(signal, handler) {
      Deno.addSignalListener(signal, handler);
      return () => Deno.removeSignalListener(signal, handler);
    },
    exit: (code) => Deno.exit(code),
  };
}

/** A pipe may take less than it is given, or nothing yet when its other end made it non-blocking. */
function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
