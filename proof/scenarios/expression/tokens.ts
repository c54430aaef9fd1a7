/** An expression's text as tokens. @module */

/** One token, and where it begins. */
export interface Token {
  readonly kind: "number" | "text" | "name" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

/** What is wrong with an expression, and where. */
export class ExpressionError extends Error {
  override name = "ExpressionError";

  /** @param at character, from 0 */
  constructor(message: string, readonly at: number) {
    super(message);
  }
}

/** Longer texts are no assertions. */
const LONGEST = 2_000;

const PATTERN =
  /\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|"([^"\\]*)"|'([^'\\]*)'|([a-z_][a-z0-9_]*)|(<=|>=|==|!=|[-+*/%<>().,]))/giy;

/**
 * Cuts a text into tokens.
 *
 * @throws {ExpressionError} at the first character that begins none
 */
export function tokensOf(text: string): readonly Token[] {
  if (text.length > LONGEST) {
    throw new ExpressionError(`It has more than ${LONGEST} characters.`, 0);
  }
  const tokens: Token[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    PATTERN.lastIndex = at;
    const found = PATTERN.exec(text);
    if (!found) {
      const rest = text.slice(at).trimStart();
      const where = text.length - rest.length;
      throw new ExpressionError(`"${rest[0]}" is not understood.`, where);
    }
    const [whole, number, double, single, name, sign] = found;
    const part = number ?? double ?? single ?? name ?? sign ?? "";
    tokens.push({
      kind: number !== undefined
        ? "number"
        : name !== undefined
        ? "name"
        : sign !== undefined
        ? "sign"
        : "text",
      text: part,
      at: at + whole.length - whole.trimStart().length,
    });
    at = PATTERN.lastIndex;
  }
  tokens.push({ kind: "end", text: "", at: end });
  return tokens;
}
