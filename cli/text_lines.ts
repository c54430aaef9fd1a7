/** Splits text into lines as it arrives. @module */

/** Characters of a line that are kept; what follows them on the same line is passed over. */
export const MOST_LINE_CHARACTERS = 1 << 17;

/**
 * A stream of lines without their line ends; the last one needs none. A line of any length takes bounded memory: it
 * comes out once, cut after {@linkcode MOST_LINE_CHARACTERS} characters and one more, so that its reader can tell.
 */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let waiting = "";
    const keep = (text: string) => {
      if (waiting.length > MOST_LINE_CHARACTERS) return;
      waiting += text;
      if (waiting.length > MOST_LINE_CHARACTERS) {
        waiting = waiting.slice(0, MOST_LINE_CHARACTERS + 1);
      }
    };
    super({
      transform(chunk, controller) {
        const pieces = chunk.split("\n");
        for (const [index, piece] of pieces.entries()) {
          keep(piece);
          if (index === pieces.length - 1) break;
          controller.enqueue(waiting.replace(/\r$/, ""));
          waiting = "";
        }
      },
      flush(controller) {
        if (waiting !== "") controller.enqueue(waiting.replace(/\r$/, ""));
      },
    });
  }
}
