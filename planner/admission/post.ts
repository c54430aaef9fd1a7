/** One post to one frontend, with a limit of 5 s and no redirects. @module */

import { type Clock, deadline } from "../../cluster/mod.ts";
import type { BusyThreshold } from "./busy_threshold.ts";
import { frontendAddress, type FrontendPod } from "./frontend_pod.ts";

/** Longest wait for one frontend (P59). */
export const POST_TIMEOUT_MS = 5000;

/** What came of one pod. */
export type PostOutcome =
  | { readonly pod: string; readonly kind: "set" }
  | {
    readonly pod: string;
    readonly kind: "failed";
    readonly reason:
      | "no_address"
      /** 404: the frontend has the feature off, or does not serve the model yet. */
      | "not_enabled"
      | "unreachable"
      | "timeout"
      | "redirect"
      | "status";
    readonly message: string;
  };

/** What a post needs beside its pod. */
export interface PostContext {
  readonly body: BusyThreshold;
  readonly fallbackPort: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Posts. Never throws for what a frontend does; throws the signal's reason when that aborts. */
export async function post(
  pod: FrontendPod,
  { body, fallbackPort, clock, signal }: PostContext,
): Promise<PostOutcome> {
  type Reason = Extract<PostOutcome, { readonly kind: "failed" }>["reason"];
  const failed = (reason: Reason, message: string): PostOutcome => ({
    pod: pod.name,
    kind: "failed",
    reason,
    message,
  });
  const address = frontendAddress(pod, fallbackPort);
  if (!address) return failed("no_address", "The pod has no IP address.");
  const limit = deadline(clock, POST_TIMEOUT_MS, {
    reason: new Error("timeout"),
    outer: signal,
  });
  try {
    limit.signal.throwIfAborted();
    const response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: limit.signal,
    });
    await response.body?.cancel();
    const { status } = response;
    if (response.ok) return { pod: pod.name, kind: "set" };
    if (status === 404) {
      return failed(
        "not_enabled",
        "404: busy thresholds are not enabled, or the model is not there yet.",
      );
    }
    return status >= 300 && status < 400
      ? failed("redirect", `${status}: redirects are not followed.`)
      : failed("status", `The frontend answered ${status}.`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return limit.signal.aborted
      ? failed("timeout", `No answer within ${POST_TIMEOUT_MS / 1000} s.`)
      : failed("unreachable", reasonOf(error));
  } finally {
    limit.clear();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
