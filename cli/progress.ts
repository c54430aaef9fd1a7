/** The progress line: on standard error, on a terminal, for work over a second. @module */

import type { Progress } from "./command.ts";

/** Work that ends sooner shows nothing. */
const SHOW_AFTER_MS = 1000;
/** Redrawn at most this often. */
const REDRAW_MS = 100;
const BAR_CELLS = 24;

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE = "\r\x1b[2K";

/** What the line needs of the process. */
export interface ProgressSettings {
  readonly writeError: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: () => number;
  readonly now: () => number;
}

/** A progress line that can make room for output of the command. */
export interface ProgressLine extends Progress {
  /** Takes the line away until the next update. */
  clear(): void;
}

/**
 * Starts a progress line; nothing is drawn unless standard error is a terminal and the work takes over a second.
 *
 * @param settings stream, terminal and clock
 * @returns the line; `end` leaves the terminal as it was
 */
export function createProgress(settings: ProgressSettings): ProgressLine {
  if (!settings.isTerminal) {
    return { update() {}, clear() {}, end() {} };
  }
  let startedAt: number | undefined;
  let drawnAt = -Infinity;
  let visible = false;
  let cursorHidden = false;

  const clear = () => {
    if (visible) settings.writeError(CLEAR_LINE);
    visible = false;
  };
  return {
    update(done, total, label) {
      const now = settings.now();
      startedAt ??= now;
      const elapsedMs = now - startedAt;
      if (elapsedMs < SHOW_AFTER_MS || now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      const line = drawLine({ done, total, label, elapsedMs });
      settings.writeError(
        (cursorHidden ? "" : HIDE_CURSOR) + CLEAR_LINE +
          line.slice(0, Math.max(1, settings.columns() - 1)),
      );
      visible = true;
      cursorHidden = true;
    },
    clear,
    end() {
      clear();
      if (cursorHidden) settings.writeError(SHOW_CURSOR);
      cursorHidden = false;
      startedAt = undefined;
      drawnAt = -Infinity;
    },
  };
}

interface LineState {
  readonly done: number;
  readonly total: number | undefined;
  readonly label: string;
  readonly elapsedMs: number;
}

function drawLine({ done, total, label, elapsedMs }: LineState): string {
  const seconds = Math.round(elapsedMs / 1000);
  if (total === undefined || total <= 0) {
    return `${label}  ${done}  ${seconds} s`;
  }
  const share = Math.min(1, Math.max(0, done / total));
  const filled = Math.round(share * BAR_CELLS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
  const left = share > 0.02
    ? `, ${Math.round(elapsedMs * (1 - share) / share / 1000)} s left`
    : "";
  const percent = Math.floor(share * 100);
  return `${bar} ${percent} %  ${done}/${total}  ${seconds} s${left}  ${label}`;
}
