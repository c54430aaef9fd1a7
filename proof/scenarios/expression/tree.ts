/** The grammar of expressions: comparisons, arithmetic, and/or/not, names with a dot, calls. No loops, no assignment. @module */

import { ExpressionError, type Token, tokensOf } from "./tokens.ts";

/** An expression as a tree. */
export type Node =
  | { readonly kind: "literal"; readonly value: number | string | boolean }
  | {
    readonly kind: "name";
    /** `["planner", "itl_ms"]` or `["n_d"]`. */
    readonly path: readonly string[];
    readonly at: number;
  }
  | {
    readonly kind: "call";
    readonly name: string;
    readonly inputs: readonly Node[];
    readonly at: number;
  }
  | { readonly kind: "not" | "minus"; readonly of: Node }
  | {
    readonly kind: "binary";
    readonly sign: string;
    readonly left: Node;
    readonly right: Node;
  };

const COMPARISONS = new Set(["<", "<=", "==", "!=", ">=", ">"]);
const CONSTANTS: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  True: true,
  False: false,
};
const DEEPEST = 50;

/**
 * Reads an expression.
 *
 * @throws {ExpressionError} where it is none
 */
export function parseExpression(text: string): Node {
  const reader = new Reader(tokensOf(text));
  const tree = reader.or(0);
  reader.end();
  return tree;
}

class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(...texts: string[]): string | undefined {
    const { kind, text } = this.#token;
    if (kind !== "sign" && kind !== "name" || !texts.includes(text)) {
      return undefined;
    }
    this.#next++;
    return text;
  }

  end(): void {
    const { kind, text, at } = this.#token;
    if (kind !== "end") {
      throw new ExpressionError(`"${text}" was not expected here.`, at);
    }
  }

  or(depth: number): Node {
    if (depth > DEEPEST) {
      throw new ExpressionError(
        `It is nested more than ${DEEPEST} deep.`,
        this.#token.at,
      );
    }
    let left = this.#and(depth);
    while (this.#take("or")) {
      left = { kind: "binary", sign: "or", left, right: this.#and(depth) };
    }
    return left;
  }

  #and(depth: number): Node {
    let left = this.#not(depth);
    while (this.#take("and")) {
      left = { kind: "binary", sign: "and", left, right: this.#not(depth) };
    }
    return left;
  }

  #not(depth: number): Node {
    if (!this.#take("not")) return this.#comparison(depth);
    if (depth > DEEPEST) this.or(depth + 1);
    return { kind: "not", of: this.#not(depth + 1) };
  }

  /** `0 < n_d <= 4` is both comparisons. */
  #comparison(depth: number): Node {
    let left = this.#sum(depth);
    let chain: Node | undefined;
    for (;;) {
      const sign = this.#take(...COMPARISONS);
      if (sign === undefined) return chain ?? left;
      const right = this.#sum(depth);
      const one: Node = { kind: "binary", sign, left, right };
      chain = chain
        ? { kind: "binary", sign: "and", left: chain, right: one }
        : one;
      left = right;
    }
  }

  #sum(depth: number): Node {
    let left = this.#product(depth);
    for (;;) {
      const sign = this.#take("+", "-");
      if (sign === undefined) return left;
      left = { kind: "binary", sign, left, right: this.#product(depth) };
    }
  }

  #product(depth: number): Node {
    let left = this.#unary(depth);
    for (;;) {
      const sign = this.#take("*", "/", "%");
      if (sign === undefined) return left;
      left = { kind: "binary", sign, left, right: this.#unary(depth) };
    }
  }

  #unary(depth: number): Node {
    if (depth > DEEPEST) return this.or(depth + 1);
    return this.#take("-")
      ? { kind: "minus", of: this.#unary(depth + 1) }
      : this.#value(depth);
  }

  #value(depth: number): Node {
    const { kind, text, at } = this.#token;
    if (this.#take("(")) {
      const inner = this.or(depth + 1);
      this.#expect(")");
      return inner;
    }
    this.#next++;
    switch (kind) {
      case "number":
        return { kind: "literal", value: Number(text) };
      case "text":
        return { kind: "literal", value: text };
      case "name":
        break;
      default:
        throw new ExpressionError(
          kind === "end"
            ? "It ends where a value was expected."
            : `"${text}" was not expected here.`,
          at,
        );
    }
    const constant = Object.hasOwn(CONSTANTS, text)
      ? CONSTANTS[text]
      : undefined;
    if (constant !== undefined) return { kind: "literal", value: constant };
    if (this.#take("(")) return this.#call(text, at, depth);
    const path = [text];
    while (this.#take(".")) {
      const part = this.#token;
      if (part.kind !== "name") {
        throw new ExpressionError("A name was expected after the dot.", at);
      }
      this.#next++;
      path.push(part.text);
    }
    return { kind: "name", path, at };
  }

  #call(name: string, at: number, depth: number): Node {
    const inputs: Node[] = [];
    if (!this.#take(")")) {
      do inputs.push(this.or(depth + 1)); while (this.#take(","));
      this.#expect(")");
    }
    return { kind: "call", name, inputs, at };
  }

  #expect(sign: string): void {
    if (this.#take(sign)) return;
    const { text, at } = this.#token;
    throw new ExpressionError(
      `"${sign}" was expected${text === "" ? "" : `, and "${text}" found`}.`,
      at,
    );
  }
}
