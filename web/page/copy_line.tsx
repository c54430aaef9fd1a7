/** A command line that can be copied. @module */

import { copyText } from "./copy_text.ts";

/** The line with its button; `say` is told how copying went. */
export function CopyLine(
  { label, line, say }: {
    readonly label: string;
    readonly line: string | undefined;
    readonly say: (text: string) => void;
  },
) {
  return (
    <div class="line">
      <code tabIndex={0} aria-label={label}>{line ?? "–"}</code>
      <button
        type="button"
        class="quiet"
        disabled={!line}
        onClick={async () => line && say(await copyText(line, "Line"))}
      >
        Copy<span class="visually-hidden">: {label}</span>
      </button>
    </div>
  );
}
