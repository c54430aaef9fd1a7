/** What each page may load and connect to: the Content-Security-Policy, once for the header and once for the page itself. @module */

/** Which page. */
export type PolicyName = "planner" | "dashboard";

const SHARED = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
];

const OWN: Readonly<Record<PolicyName, readonly string[]>> = {
  // Nothing may be fetched or sent: questions, packs and traces stay on the machine. The worker is started from a blob,
  // so that this policy is its policy too.
  planner: [
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src blob:",
    "connect-src 'none'",
  ],
  // The planner that serves the page is all that it reads.
  dashboard: ["script-src 'self'", "connect-src 'self'"],
};

/** The policy as one line; it goes into the page, where any static host delivers it. */
export function policyOf(name: PolicyName): string {
  return [...SHARED, ...OWN[name]].join("; ");
}

/** The same as a header, which alone can forbid framing. */
export function policyHeader(name: PolicyName): string {
  return `${policyOf(name)}; frame-ancestors 'none'`;
}
