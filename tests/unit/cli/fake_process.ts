/** A process whose streams are strings and whose signals and clock the test drives. @module */

import type { ProcessPort, StopSignal } from "../../../cli/process_port.ts";

/** What a test may choose. */
export interface FakeSettings {
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Called on each write to standard output, before it counts. */
  readonly onWrite?: () => void;
}

/** Thrown instead of ending the test's own process. */
export class ProcessEnded extends Error {
  constructor(readonly code: number) {
    super(`The process ended with ${code}.`);
  }
}

/** The fake, with what was written. */
export class FakeProcess implements ProcessPort {
  out = "";
  err = "";
  nowMs = 0;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  readonly #handlers = new Map<StopSignal, Set<() => void>>();

  constructor(readonly settings: FakeSettings = {}) {
    this.stdoutIsTerminal = settings.terminal ?? false;
    this.stderrIsTerminal = settings.terminal ?? false;
  }

  write = (text: string) => {
    this.settings.onWrite?.();
    this.out += text;
  };
  writeError = (text: string) => {
    this.err += text;
  };
  columns = () => 80;
  now = () => this.nowMs;
  env = (name: string) => this.settings.env?.[name];

  onSignal(signal: StopSignal, handler: () => void): () => void {
    const handlers = this.#handlers.get(signal) ?? new Set();
    this.#handlers.set(signal, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  exit(code: number): never {
    throw new ProcessEnded(code);
  }

  /** Sends a signal as the shell would. */
  send(signal: StopSignal): void {
    for (const handler of this.#handlers.get(signal) ?? []) handler();
  }

  /** How many handlers still listen. */
  listeners(): number {
    return [...this.#handlers.values()].reduce((n, set) => n + set.size, 0);
  }
}
