/** On a narrow screen the answer lies below the inputs; this line keeps it in sight while they are dragged. @module */

import type { Answer } from "./answer.ts";
import { milliseconds, NOTHING, number, watts } from "./format.ts";

/** The line; what it says stands in the summary too. */
export function Dock(
  { answer, failed }: {
    readonly answer: Answer | undefined;
    readonly failed: boolean;
  },
) {
  const best = answer?.best?.result.best;
  return (
    <div class="dock" aria-hidden="true">
      <span class="strong">
        {failed
          ? "No fleet"
          : best
          ? `${number(best.tokensPerSecond)} tokens/s`
          : NOTHING}
      </span>
      {best && !failed && (
        <span class="hint-inline">
          {watts(best.watts)} · {milliseconds(best.ttftMs ?? 0)} ·{" "}
          {milliseconds(best.itlMs ?? 0)}
        </span>
      )}
    </div>
  );
}
