/** Serves the built files; beside a planner `/` is its dashboard, else the capacity planner. @module */

import type { WebFiles } from "../build.ts";
import { policyHeader, type PolicyName } from "./policy.ts";

/** Answers a request for a page; undefined: it is for somebody else. */
export type PageHandler = (request: Request) => Response | undefined;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** What a page tells its links: that there is a dashboard beside it. */
const ALONE = 'data-dashboard=""';
const BESIDE = 'data-dashboard="dashboard.html"';

/**
 * A handler over the built files.
 *
 * @param files as built
 * @param withPlanner a planner answers at the same address
 */
export function pages(
  files: WebFiles,
  { withPlanner }: { readonly withPlanner: boolean },
): PageHandler {
  const served = new Map(
    [...files].map(([name, bytes]) => [name, fileOf(name, bytes, withPlanner)]),
  );
  const home = withPlanner ? "dashboard.html" : "index.html";
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const { pathname } = new URL(request.url);
    const name = pathname === "/" ? home : pathname.slice(1);
    const file = served.get(name);
    if (!file) return undefined;
    const headers = new Headers(file.headers);
    if (request.headers.get("if-none-match") === headers.get("etag")) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(request.method === "HEAD" ? null : file.body, {
      headers,
    });
  };
}

function fileOf(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  withPlanner: boolean,
) {
  const kind = name.slice(name.lastIndexOf(".") + 1);
  const policy: PolicyName = name.startsWith("dashboard")
    ? "dashboard"
    : "planner";
  const body = kind === "html" && withPlanner
    ? new TextEncoder().encode(
      new TextDecoder().decode(bytes).replace(ALONE, BESIDE),
    )
    : bytes;
  return {
    body,
    headers: {
      "content-type": TYPES[kind] ?? "application/octet-stream",
      "content-security-policy": policyHeader(policy),
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cache-control": "no-cache",
      etag: `"${fingerprint(body)}"`,
    },
  };
}

/** FNV-1a: tells one build's file from another's. */
function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${bytes.length.toString(36)}-${hash.toString(36)}`;
}
