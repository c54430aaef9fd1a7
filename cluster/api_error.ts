/** What goes wrong between us and an API server, told apart by what to do about it. @module */

/**
 * Why a request has no usable answer:
 * - `unreachable`: no connection, or it broke
 * - `frozen`: the connection said nothing for longer than the server had promised
 * - `status`: the server answered with an HTTP error
 * - `gone`: the resource version is too old to continue from (410)
 * - `protocol`: the server said something that is not the protocol, or contradicts what it said before
 */
export type ApiFaultKind =
  | "unreachable"
  | "frozen"
  | "status"
  | "gone"
  | "protocol";

/** What an {@linkcode ApiError} says beyond kind and message. */
export interface ApiErrorDetail {
  /** HTTP status, with kind `status` and `gone`. */
  readonly status?: number;
  /** How long the server asked to be left alone, milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A request to the API server that failed. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: ApiFaultKind;
  readonly status: number | undefined;
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
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/** What a person can do about an HTTP status, as the end of a message. */
function hint(status: number): string {
  if (status === 401) return " The token or certificate is not accepted.";
  if (status === 403) return " The account lacks a permission; see its role.";
  if (status === 429) return " The server asks for fewer requests.";
  return "";
}

/** The error for an HTTP status that is not 2xx. `said` is the server's own message, cut short. */
export function statusError(
  response: Response,
  path: string,
  said: string,
): ApiError {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  const saidText = said === "" ? "" : ` It says: "${said}".`;
  return new ApiError(
    response.status === 410 ? "gone" : "status",
    `The API server answered ${response.status} to ${path}.${saidText}${
      hint(response.status)
    }`,
    {
      status: response.status,
      ...(seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
    },
  );
}
