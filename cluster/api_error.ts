/** What goes wrong between us and an API server, told apart by what to do about it. @module */

/**
 * Why a request has no usable answer:
 * - `unreachable`: no connection, or it broke; nothing was changed
 * - `timeout`: a read had no answer before its deadline, or a write was not sent before it
 * - `frozen`: the connection said nothing for longer than the server had promised
 * - `unanswered`: a write was sent and what became of it is not known: it may have landed, now or later
 * - `unauthorized`: the token or certificate is not accepted (401)
 * - `forbidden`: who we are is known, and may not (403)
 * - `gone`: the object is not there (404), or the resource version is too old to continue from (410)
 * - `conflict`: the object is another than expected, or is there already (409)
 * - `invalid`: the server understood the request and refuses its content (400, 413, 415, 422)
 * - `throttled`: too many requests, by the server's word (429) or by our own limit
 * - `status`: another HTTP error
 * - `protocol`: the server said something that is not the protocol, or contradicts what it said before
 */
export type ApiFaultKind =
  | "unreachable"
  | "timeout"
  | "frozen"
  | "unanswered"
  | "unauthorized"
  | "forbidden"
  | "gone"
  | "conflict"
  | "invalid"
  | "throttled"
  | "status"
  | "protocol";

/** A count of nothing yet for every kind. */
export function noFaults(): Record<ApiFaultKind, number> {
  return {
    unreachable: 0,
    timeout: 0,
    frozen: 0,
    unanswered: 0,
    unauthorized: 0,
    forbidden: 0,
    gone: 0,
    conflict: 0,
    invalid: 0,
    throttled: 0,
    status: 0,
    protocol: 0,
  };
}

/** What an {@linkcode ApiError} says beyond kind and message. */
export interface ApiErrorDetail {
  /** HTTP status, when the server answered. */
  readonly status?: number | undefined;
  /** The server's word for it: `AlreadyExists`, `Conflict`, `Expired`, … */
  readonly reason?: string | undefined;
  /** How long the server asked to be left alone, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A request to the API server that failed. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: ApiFaultKind;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ApiFaultKind,
    message: string,
    detail: ApiErrorDetail = {},
  ) {
    super(
      message,
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.kind = kind;
    this.status = detail.status;
    this.reason = detail.reason;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/** The kind of an HTTP status that is not 2xx. */
export function kindOfStatus(status: number): ApiFaultKind {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return "invalid";
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
    case 410:
      return "gone";
    case 409:
      return "conflict";
    case 429:
      return "throttled";
    default:
      return "status";
  }
}
