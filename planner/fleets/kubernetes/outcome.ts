/** What became of a write, from what the API server did (C4, C7). Pure. @module */

import { ApiError } from "../../../cluster/mod.ts";
import type { StepOutcome } from "../../core/mod.ts";

/**
 * An error as an outcome. Whatever is not certain not to have landed is unanswered.
 *
 * @param error what the write threw
 */
export function outcomeOf(error: unknown): StepOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ApiError)) return { kind: "unanswered", reason };
  switch (error.kind) {
    case "conflict":
      return { kind: "conflict", reason };
    case "gone":
      return { kind: "gone" };
    case "unreachable":
    case "throttled":
    case "unauthorized":
    case "forbidden":
    case "invalid":
      return { kind: "refused", reason };
    case "status":
      return (error.status ?? 500) < 500
        ? { kind: "refused", reason }
        : { kind: "unanswered", reason };
    case "timeout":
    case "frozen":
    case "unanswered":
    case "protocol":
      return { kind: "unanswered", reason };
  }
}
