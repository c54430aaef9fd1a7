/** Lines of a text stream, with an end to how long one may be. @module */

/** Longest line that is kept, characters; a Mooncake line of a 128k prompt has about 2,000. */
export const LONGEST_LINE = 262_144;

/** One line with its number, from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
  /** The line was longer than {@linkcode LONGEST_LINE}; `text` is its beginning. */
  readonly cut: boolean;
}

/** Splits chunks of text into lines; CR LF and a byte-order mark are dropped. Never holds more than one line. */
export async function* numberedLines(
  chunks: AsyncIterable<string>,
): AsyncGenerator<NumberedLine> {
  let rest = "";
  let cut = false;
  let number = 0;
  const line = (text: string): NumberedLine => {
    number++;
    const plain = number === 1 ? text.replace(/^\uFEFF/, "") : text;
    const whole = { number, text: plain.replace(/\r$/, ""), cut };
    cut = false;
    return whole;
  };
  const keep = (text: string) => {
    if (text.length > LONGEST_LINE) cut = true;
    return text.slice(0, LONGEST_LINE);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (
      let end = chunk.indexOf("\n");
      end >= 0;
      end = chunk.indexOf("\n", start)
    ) {
      const text = keep(rest + chunk.slice(start, end));
      rest = "";
      yield line(text);
      start = end + 1;
    }
    rest = keep(rest + chunk.slice(start));
  }
  if (rest !== "") yield line(rest);
}
