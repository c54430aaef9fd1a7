/** A few lines at the end of a terminal that are drawn again in place; the log scrolls above them. @module */

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_BELOW = "\x1b[J";

/** What the area needs of the process. */
export interface StatusAreaSettings {
  readonly writeError: (text: string) => void;
  readonly isTerminal: boolean;
}

/** The area; without a terminal it shows nothing. */
export class StatusArea {
  readonly #settings: StatusAreaSettings;
  #drawn = 0;
  #cursorHidden = false;

  constructor(settings: StatusAreaSettings) {
    this.#settings = settings;
  }

  /** Whether anything is shown at all. */
  get isShown(): boolean {
    return this.#settings.isTerminal;
  }

  /** Draws lines in the place of the last ones. */
  draw(lines: readonly string[]): void {
    if (!this.#settings.isTerminal) return;
    const hide = this.#cursorHidden ? "" : HIDE_CURSOR;
    this.#cursorHidden = true;
    this.#settings.writeError(
      `${hide}${this.#up()}${CLEAR_BELOW}${
        lines.map((line) => `${line}\n`).join("")
      }`,
    );
    this.#drawn = lines.length;
  }

  /** Takes the lines away, so that something else can be written. */
  clear(): void {
    if (this.#drawn === 0) return;
    this.#settings.writeError(`${this.#up()}${CLEAR_BELOW}`);
    this.#drawn = 0;
  }

  /** Leaves the last lines and gives the cursor back. */
  end(): void {
    if (this.#cursorHidden) this.#settings.writeError(SHOW_CURSOR);
    this.#cursorHidden = false;
    this.#drawn = 0;
  }

  #up(): string {
    return this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\r`;
  }
}
