/** The part of YAML that kubeconfig files are written in, and not one construct more. @module */

/** What the subset can say. Numbers stay text: no field of a kubeconfig that we use is one. */
export type YamlValue =
  | string
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

/** A construct outside the subset, or no YAML at all. */
export class YamlSubsetError extends Error {
  override readonly name = "YamlSubsetError";
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

const MAX_DEPTH = 20;
const KEY = /^(?:"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_][^\s:#"']*))\s*:(?:\s+|$)/;

/**
 * Reads block mappings, block sequences, one-line scalars and the empty `{}` and `[]`. Anchors, tags, block scalars,
 * flow collections and several documents are refused by name: guessing at them could connect with somebody else's
 * credentials.
 *
 * @throws {YamlSubsetError} with the line
 */
export function parseYamlSubset(text: string): YamlValue {
  const lines = significantLines(text);
  if (lines.length === 0) return null;
  const reader = new BlockReader(lines);
  const value = reader.block(0);
  reader.end();
  return value;
}

class BlockReader {
  readonly #lines: Line[];
  #next = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  end(): void {
    const line = this.#lines[this.#next];
    if (line) {
      throw new YamlSubsetError(line.number, "The indent fits nowhere.");
    }
  }

  block(depth: number): YamlValue {
    const line = this.#peek();
    if (line === undefined) return null;
    if (depth > MAX_DEPTH) {
      throw new YamlSubsetError(line.number, "The nesting is too deep.");
    }
    return isItem(line)
      ? this.#sequence(line.indent, depth)
      : this.#mapping(line.indent, depth);
  }

  #sequence(indent: number, depth: number): YamlValue {
    const items: YamlValue[] = [];
    for (
      let line = this.#peek();
      line && line.indent === indent && isItem(line);
      line = this.#peek()
    ) {
      const rest = line.text.slice(1).trimStart();
      const inner = indent + line.text.length - rest.length;
      if (rest === "") {
        this.#next++;
        items.push(this.#nested(indent + 1, depth));
      } else if (KEY.test(rest) || rest.startsWith("- ")) {
        this.#lines[this.#next] = { ...line, indent: inner, text: rest };
        items.push(this.block(depth + 1));
      } else {
        this.#next++;
        items.push(scalar(rest, line.number));
      }
    }
    return items;
  }

  #mapping(indent: number, depth: number): YamlValue {
    const entries = new Map<string, YamlValue>();
    for (
      let line = this.#peek();
      line && line.indent === indent && !isItem(line);
      line = this.#peek()
    ) {
      const match = KEY.exec(line.text);
      if (!match) {
        throw new YamlSubsetError(line.number, "This is not `key: value`.");
      }
      const key = match[1] ?? match[2] ?? match[3] ?? "";
      if (entries.has(key)) {
        throw new YamlSubsetError(
          line.number,
          `The key "${key}" is there twice.`,
        );
      }
      this.#next++;
      const rest = line.text.slice(match[0].length);
      entries.set(
        key,
        rest === ""
          ? this.#valueBelow(indent, depth)
          : scalar(rest, line.number),
      );
    }
    return Object.fromEntries(entries);
  }

  /** The value of `key:` without one on its line; a sequence may stand at the key's own indent. */
  #valueBelow(indent: number, depth: number): YamlValue {
    const line = this.#peek();
    return line && line.indent === indent && isItem(line)
      ? this.block(depth + 1)
      : this.#nested(indent + 1, depth);
  }

  #nested(minIndent: number, depth: number): YamlValue {
    const line = this.#peek();
    return line && line.indent >= minIndent ? this.block(depth + 1) : null;
  }

  #peek(): Line | undefined {
    return this.#lines[this.#next];
  }
}

function isItem(line: Line): boolean {
  return line.text === "-" || line.text.startsWith("- ");
}

function significantLines(text: string): Line[] {
  const lines: Line[] = [];
  let begun = false;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const body = withoutComment(raw).trimEnd();
    const trimmed = body.trimStart();
    const indent = body.length - trimmed.length;
    if (trimmed === "") continue;
    if (body === "---" && !begun) {
      begun = true;
      continue;
    }
    begun = true;
    const number = i + 1;
    if (body.slice(0, indent).includes("\t")) {
      throw new YamlSubsetError(number, "The indent has a tab.");
    }
    if (indent === 0 && /^(?:---|\.\.\.|%)/.test(trimmed)) {
      throw new YamlSubsetError(number, "There is more than one document.");
    }
    lines.push({ number, indent, text: trimmed });
  }
  return lines;
}

/** Cuts a comment off: `#` at the start or after a blank, outside quotes. */
function withoutComment(line: string): string {
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const character = line.charAt(i);
    const before = line.charAt(i - 1);
    if (quote !== "") {
      if (character === "\\" && quote === '"') i++;
      else if (character === quote) quote = "";
    } else if (
      (character === '"' || character === "'") && /^$|[\s:[{,-]/.test(before)
    ) {
      quote = character;
    } else if (character === "#" && /^$|\s/.test(before)) {
      return line.slice(0, i);
    }
  }
  return line;
}

function scalar(text: string, line: number): YamlValue {
  if (text === "{}") return {};
  if (text === "[]") return [];
  if (text.startsWith('"')) return doubleQuoted(text, line);
  if (text.startsWith("'")) {
    if (/^'(?:[^']|'')*'$/.test(text)) {
      return text.slice(1, -1).replaceAll("''", "'");
    }
    throw new YamlSubsetError(line, "The quoted text does not end properly.");
  }
  if (/^[&*!|>%@`{}[\],?]|^-(?: |$)|["']|:(?:\s|$)/.test(text)) {
    throw new YamlSubsetError(
      line,
      "Anchors, tags, block scalars, flow collections and quotes inside a text are not read.",
    );
  }
  if (/^(?:null|Null|NULL|~)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  return text;
}

function doubleQuoted(text: string, line: number): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return value;
  } catch { /* told below */ }
  throw new YamlSubsetError(line, "The quoted text does not end properly.");
}
