/** A query without an answer: what kind of failure, for the observation's problems. @module */

import type { SourceProblem } from "../../core/mod.ts";

/** Thrown by the client; never leaves the source. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly kind: SourceProblem["kind"];

  constructor(kind: SourceProblem["kind"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** A failed `fetch` as what it is: TLS faults need another remedy than an address where nothing listens. */
export function connectionError(cause: unknown): QueryError {
  const message = innermost(cause);
  return /certificate|UnknownIssuer|tls|handshake|SSL/i.test(message)
    ? new QueryError("tls", `The TLS connection failed: ${message}.`, cause)
    : new QueryError("unreachable", `No connection: ${message}.`, cause);
}

/** "fetch failed" by itself helps nobody. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error
    ? innermost(error.cause)
    // The address holds the query, and maybe secrets among the extra parameters.
    : error.message.replace(/ for url \([^)]*\)/, "").replace(/\.$/, "");
}
