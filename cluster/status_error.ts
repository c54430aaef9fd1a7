/** An answer that is an HTTP error → the {@linkcode ApiError} that says what to do. @module */

import { ApiError, type ApiErrorDetail, kindOfStatus } from "./api_error.ts";
import { readText } from "./body.ts";
import { missingRule } from "./rbac_rule.ts";
import { member } from "./watch_event.ts";

const MAX_ERROR_BYTES = 16_384;
const MAX_SAID = 300;
/** How RBAC says no; an admission policy that refuses says it otherwise, and no rule would help. */
const REFUSED_BY_RBAC = /cannot \S+ (?:resource|path) "/;

/**
 * The error for an answer outside 2xx. A write that the server failed at (5xx) may have landed all the same: a
 * timeout of the store's answer looks like this.
 *
 * @param response its body is read here
 * @param method of the request
 * @param path of the request, with its query
 */
export async function statusError(
  response: Response,
  method: string,
  path: string,
): Promise<ApiError> {
  const { status } = response;
  const { said, reason } = await serverStatus(response);
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  const detail: ApiErrorDetail = {
    status,
    reason,
    ...(seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
  const mayHaveLanded = method !== "GET" && status >= 500;
  const saidText = said === "" ? "" : ` It says: "${said}".`;
  return new ApiError(
    mayHaveLanded ? "unanswered" : kindOfStatus(status),
    `The API server answered ${status} to ${path.split("?", 1)[0]}.${saidText}${
      mayHaveLanded
        ? ` The ${method} may have landed.`
        : hint(status, said, { method, path })
    }`,
    detail,
  );
}

/** What a person can do about an HTTP status, as the end of a message. */
function hint(
  status: number,
  said: string,
  { method, path }: { method: string; path: string },
): string {
  if (status === 401) {
    return " The token or certificate is not accepted: expired, or for another cluster.";
  }
  if (status === 403) {
    const rule = said === "" || REFUSED_BY_RBAC.test(said)
      ? missingRule(method, path)
      : undefined;
    return rule === undefined ? "" : ` The permission is missing. ${rule}`;
  }
  if (status === 404 && said === "") {
    return " It serves no such path: a CRD, or a version of one, may be missing.";
  }
  if (status === 429) return " The server asks for fewer requests.";
  return "";
}

/** What a Kubernetes `Status` body says, cut short, if it is one. */
async function serverStatus(
  response: Response,
): Promise<{ said: string; reason: string | undefined }> {
  try {
    const text = await readText(response, MAX_ERROR_BYTES);
    const status: unknown = JSON.parse(text);
    const message = member(status, "message");
    const reason = member(status, "reason");
    return {
      said: typeof message === "string" ? message.slice(0, MAX_SAID) : "",
      reason: typeof reason === "string" ? reason : undefined,
    };
  } catch {
    return { said: "", reason: undefined };
  }
}
