/** The process as the command frame sees it: streams, terminal, environment, signals, clock. @module */

/** Signals that end a command. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** The real process, or a test's. */
export interface ProcessPort {
  /** @throws {OutputClosedError} when the reader of standard output has gone */
  write(text: string): void;
  /** Never throws: there is nobody left to tell. */
  writeError(text: string): void;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Width of the terminal, or 80. */
  columns(): number;
  env(name: string): string | undefined;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** @returns a function that stops listening */
  onSignal(signal: StopSignal, handler: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

/** The reader of standard output has closed its end (`| head`): the command has nothing more to say. */
export class OutputClosedError extends Error {
  override readonly name = "OutputClosedError";
}
