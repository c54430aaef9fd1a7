/** A table in memory, column by column: numbers as doubles, words as codes into a list. @module */

import { invalidFile } from "./source_tree.ts";

/** What a column must be. */
export interface ColumnRequest {
  readonly name: string;
  /** `key`: whole numbers from 0 to 2^53; `measure`: finite numbers; `word`: text. */
  readonly kind: "key" | "measure" | "word";
  /** The column, or single values of it, may be absent; an absent number is 0. */
  readonly optional?: boolean;
}

/** A column of text. */
export interface WordColumn {
  /** Distinct words in the order of first appearance. */
  readonly words: readonly string[];
  /** Per row the position in `words`. */
  readonly codes: Int32Array;
}

/** Rows no shipped table comes near: the largest has 191,000. */
export const MAX_ROWS = 20_000_000;
/** Longest word that a table may hold, characters. */
const MAX_WORD_LENGTH = 4096;
/** Distinct words of a column. */
const MAX_WORDS = 65_536;

/** Columns of one file; absent optional columns are null. */
export class Columns {
  readonly rows: number;
  /** The file's name, for errors. */
  readonly where: string;
  readonly #numbers: ReadonlyMap<string, Float64Array>;
  readonly #words: ReadonlyMap<string, WordColumn>;

  constructor(
    { rows, where, numbers, words }: {
      readonly rows: number;
      readonly where: string;
      readonly numbers: ReadonlyMap<string, Float64Array>;
      readonly words: ReadonlyMap<string, WordColumn>;
    },
  ) {
    this.rows = rows;
    this.where = where;
    this.#numbers = numbers;
    this.#words = words;
  }

  numbers(name: string): Float64Array {
    return this.#numbers.get(name) ?? this.#absent(name);
  }

  optionalNumbers(name: string): Float64Array | null {
    return this.#numbers.get(name) ?? null;
  }

  words(name: string): WordColumn {
    return this.#words.get(name) ?? this.#absent(name);
  }

  optionalWords(name: string): WordColumn | null {
    return this.#words.get(name) ?? null;
  }

  #absent(name: string): never {
    throw invalidFile(this.where, `It has no column "${name}".`);
  }
}

/** Builds a {@linkcode WordColumn} value by value. */
export class WordColumnBuilder {
  readonly #codes: Int32Array;
  readonly #words: string[] = [];
  readonly #known = new Map<string, number>();
  readonly #describe: string;
  #last = "";
  #lastCode = -1;

  /** @param describe `"file": column "name"`, for errors */
  constructor(rows: number, describe: string) {
    this.#codes = new Int32Array(rows);
    this.#describe = describe;
  }

  set(row: number, word: string): void {
    if (word !== this.#last || this.#lastCode < 0) {
      this.#last = word;
      this.#lastCode = this.#known.get(word) ?? this.#add(word);
    }
    this.#codes[row] = this.#lastCode;
  }

  finish(): WordColumn {
    return { words: this.#words, codes: this.#codes };
  }

  #add(word: string): number {
    if (word.length > MAX_WORD_LENGTH || this.#words.length >= MAX_WORDS) {
      throw invalidFile(
        this.#describe,
        `A word has ${word.length} characters, or there are more than ${MAX_WORDS} different ones; this is no table of measurements.`,
      );
    }
    this.#known.set(word, this.#words.length);
    return this.#words.push(word) - 1;
  }
}

/** Refuses numbers that the kind does not allow. */
export function checkNumbers(
  values: Float64Array,
  { name, kind }: ColumnRequest,
  where: string,
): void {
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    const sound = kind === "key"
      ? Number.isSafeInteger(value) && value >= 0
      : Number.isFinite(value);
    if (!sound) {
      throw invalidFile(
        where,
        `Column "${name}", row ${row + 1} is ${value}; ${
          kind === "key"
            ? "a whole number from 0 to 2^53 is expected"
            : "a finite number is expected"
        }.`,
      );
    }
  }
}
