/** ^C and SIGTERM → an abort, then an exit code; a second one ends the process at once. @module */

import { WattkeeperError } from "../service/mod.ts";
import type { ProcessPort, StopSignal } from "./process_port.ts";

/** Exit codes that shells use for "ended by this signal": 128 + its number. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
};

/** Listens while a command runs. */
export interface StopSignals extends Disposable {
  /** Aborted by the first signal, with a {@linkcode WattkeeperError} `interrupted` as its reason. */
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, or undefined. */
  exitCode(): number | undefined;
}

/**
 * Starts listening for ^C and SIGTERM.
 *
 * @param port the process
 * @param restoreTerminal called before the process ends at once
 * @returns the abort signal for the command; dispose it to stop listening
 */
export function listenForStop(
  port: ProcessPort,
  restoreTerminal: () => void,
): StopSignals {
  const controller = new AbortController();
  let code: number | undefined;
  const handle = (name: StopSignal) => {
    if (code !== undefined) {
      restoreTerminal();
      port.exit(EXIT_CODES[name]);
    }
    code = EXIT_CODES[name];
    restoreTerminal();
    controller.abort(
      new WattkeeperError("interrupted", `Interrupted by ${name}.`, {
        remedy: "Run it again; nothing was left half-written.",
      }),
    );
  };
  const names: readonly StopSignal[] = ["SIGINT", "SIGTERM"];
  const stops = names.map((name) => port.onSignal(name, () => handle(name)));
  return {
    signal: controller.signal,
    exitCode: () => code,
    [Symbol.dispose]() {
      for (const stop of stops) stop();
    },
  };
}
