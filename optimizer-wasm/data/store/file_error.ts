/** Operating system errors as errors a person can act on. @module */

import { type ErrorCode, WattkeeperError } from "../../../service/portable.ts";

/** A file or folder could not be read: `file_not_found` or `file_unreadable`. */
export function readFailure(path: string, cause: unknown): WattkeeperError {
  if (cause instanceof WattkeeperError) return cause;
  const missing = cause instanceof Deno.errors.NotFound;
  const code: ErrorCode = missing ? "file_not_found" : "file_unreadable";
  return new WattkeeperError(
    code,
    missing
      ? `"${path}" does not exist.`
      : `"${path}" cannot be read: ${reason(cause)}.`,
    {
      where: path,
      remedy: missing ? "Check the path." : "Check the file's permissions.",
      cause,
    },
  );
}

/** A file could not be written: `write_failed`. */
export function writeFailure(path: string, cause: unknown): WattkeeperError {
  if (cause instanceof WattkeeperError) return cause;
  return new WattkeeperError(
    "write_failed",
    `"${path}" cannot be written: ${reason(cause)}. The store is as it was.`,
    {
      where: path,
      remedy:
        "Free space or mend permissions there, or name another place with --store.",
      cause,
    },
  );
}

/** The system's own words, without the error number and the call. */
function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/ \(os error.*$/s, "");
}
