/** A command of the program as a person pastes it into a shell. @module */

/** The line; words that a shell would read otherwise are quoted. */
export function shellLine(words: readonly string[]): string {
  const quoted = words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  );
  return ["deno run -A main.ts", ...quoted].join(" ");
}
