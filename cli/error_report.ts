/** Any thrown value → what a person or a program reads, and the exit code. @module */

import { WattkeeperError } from "../service/mod.ts";

/** How errors are written. */
export interface ErrorStyle {
  /** The answer was asked for as JSON: the error is JSON on standard output. */
  readonly json: "json" | "jsonl" | undefined;
  readonly color: boolean;
  /** With the stack and its causes. */
  readonly stack: boolean;
}

/** An error ready to be written. */
export interface ErrorReport {
  readonly exitCode: 1 | 2;
  /** For standard output; empty unless JSON was asked for. */
  readonly out: string;
  /** For standard error. */
  readonly err: string;
}

/**
 * Makes an error one that a person can act on: what, where, remedy, and the number to look up.
 *
 * @param thrown whatever was thrown
 * @returns the error itself, or an `internal` one around it
 */
export function asWattkeeperError(thrown: unknown): WattkeeperError {
  if (thrown instanceof WattkeeperError) return thrown;
  const message = thrown instanceof Error
    ? `${thrown.name}: ${thrown.message}`
    : String(thrown);
  if (thrown instanceof Deno.errors.NotCapable) {
    return new WattkeeperError("internal", message, {
      cause: thrown,
      remedy: "Run it with `deno run -A main.ts`.",
    });
  }
  return new WattkeeperError("internal", message, {
    cause: thrown,
    remedy:
      "This is a fault of the program: run it again with --log-level debug and report what it prints.",
  });
}

/**
 * Writes an error down in the style asked for.
 *
 * @param thrown whatever was thrown
 * @param style for whom
 * @returns texts for both streams and the exit code
 */
export function reportError(thrown: unknown, style: ErrorStyle): ErrorReport {
  const error = asWattkeeperError(thrown);
  const stack = style.stack ? stackOf(error) : "";
  if (style.json) {
    const body = {
      error: {
        code: error.code,
        number: error.number,
        message: error.message,
        where: error.where ?? null,
        remedy: error.remedy ?? null,
      },
    };
    const out = JSON.stringify(body, null, style.json === "json" ? 2 : 0);
    return { exitCode: error.exitCode, out: `${out}\n`, err: stack };
  }
  const head = `error ${error.number}`;
  const lines = [
    `${style.color ? `\x1b[1;31m${head}\x1b[0m` : head}: ${
      printable(error.message)
    }`,
  ];
  if (error.where !== undefined) {
    lines.push(`  where:  ${printable(error.where)}`);
  }
  if (error.remedy !== undefined) {
    lines.push(`  remedy: ${printable(error.remedy)}`);
  }
  return {
    exitCode: error.exitCode,
    out: "",
    err: `${lines.join("\n")}\n${stack}`,
  };
}

/** Names from files and flags end up in messages: they must not steer the terminal. */
function printable(text: string): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const control = code < 0x20 && char !== "\n" && char !== "\t" ||
      code >= 0x7f && code <= 0x9f;
    return control ? `\\x${code.toString(16).padStart(2, "0")}` : char;
  }).join("");
}

function stackOf(error: Error): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    const stack = current.stack ?? `${current.name}: ${current.message}`;
    parts.push(depth === 0 ? stack : `caused by ${stack}`);
    current = current.cause;
  }
  return `${printable(parts.join("\n"))}\n`;
}
