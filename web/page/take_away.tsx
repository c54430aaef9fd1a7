/** What leaves the page in a person's hands: a link, files, and the same question for the command line. @module */

import { useState } from "preact/hooks";
import { sweepCsv } from "../../optimizer-wasm/portable.ts";
import { plannerYaml } from "../plan/planner_yaml.ts";
import { type Answer, answerJson, sweepAnswerOf } from "./answer.ts";
import { CopyLine } from "./copy_line.tsx";
import { copyText } from "./copy_text.ts";
import { saveText } from "./download.ts";

/** What can be taken. */
export interface TakeAwayProps {
  readonly answer: Answer | undefined;
  readonly line: string | undefined;
}

/** The panel. */
export function TakeAway({ answer, line }: TakeAwayProps) {
  const [said, setSaid] = useState("");
  const whole = answer && sweepAnswerOf(answer);
  const best = answer?.best?.result.best;
  return (
    <section class="panel" aria-labelledby="take-heading">
      <h2 id="take-heading">Take it with you</h2>
      <div class="row wrap">
        <button
          type="button"
          onClick={async () => setSaid(await copyText(location.href, "Link"))}
        >
          Copy link
        </button>
        <button
          type="button"
          disabled={!whole}
          onClick={() =>
            whole &&
            saveText(answerJson(whole), "plan.json", "application/json")}
        >
          JSON
        </button>
        <button
          type="button"
          disabled={!whole}
          onClick={() =>
            whole && saveText(sweepCsv(whole), "plan.csv", "text/csv")}
        >
          CSV
        </button>
        <button
          type="button"
          disabled={!best}
          onClick={() => {
            if (!best || !answer.best) return;
            const { capRange } = answer.best;
            saveText(
              plannerYaml({ question: answer.question, best, capRange }),
              "planner.yaml",
              "application/yaml",
            );
          }}
        >
          planner.yaml
        </button>
      </div>
      <p class="hint">
        The same question on the command line, with the same answer to the
        digit:
      </p>
      <CopyLine label="Command line" line={line} say={setSaid} />
      <p class="said" role="status">{said || " "}</p>
    </section>
  );
}
