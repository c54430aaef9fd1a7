/** Splits text into lines as it arrives. @module */

/** Characters that may wait for their line end; a longer line is handed on in pieces rather than kept growing. */
const MOST_WAITING = 1 << 20;

/** A stream of lines without their line ends; the last one needs none. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let waiting = "";
    super({
      transform(chunk, controller) {
        const lines = (waiting + chunk).split("\n");
        waiting = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line.replace(/\r$/, ""));
        if (waiting.length > MOST_WAITING) {
          controller.enqueue(waiting);
          waiting = "";
        }
      },
      flush(controller) {
        if (waiting !== "") controller.enqueue(waiting.replace(/\r$/, ""));
      },
    });
  }
}
