/** Reading fields of an untrusted object: every fault is collected with its path, none is thrown. @module */

import { type Generation, parseGeneration } from "./generation.ts";

const INSTANT =
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads typed fields of a value of unknown shape. After a fault a harmless stand-in is returned and reading goes
 * on, so that one answer names all faults; whoever reads must look at {@linkcode problems} before use.
 */
export class FieldReader {
  /** Shared by all readers below the same root. */
  readonly problems: string[];
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path = "", problems: string[] = []) {
    this.problems = problems;
    this.#path = path;
    if (isRecord(value)) {
      this.#value = value;
    } else {
      this.#value = {};
      problems.push(`${path || "the object"} is not an object`);
    }
  }

  /** Records that field `name` is not what it must be. */
  fault(name: string, problem: string): void {
    this.problems.push(`${this.#path}${name} ${problem}`);
  }

  /** Reads with `read` unless the field is absent or null. */
  optional<T>(name: string, read: (name: string) => T): T | undefined {
    return this.#value[name] === undefined || this.#value[name] === null
      ? undefined
      : read(name);
  }

  /** A field that must be exactly `expected`. */
  literal(name: string, expected: string): void {
    if (this.#value[name] !== expected) {
      this.fault(name, `is not "${expected}"`);
    }
  }

  /** Text that is not empty. */
  text(name: string): string {
    const value = this.anyText(name);
    if (value === "" && this.#value[name] === "") this.fault(name, "is empty");
    return value;
  }

  /** Text, possibly empty. */
  anyText(name: string): string {
    const value = this.#value[name];
    if (typeof value === "string") return value;
    this.fault(name, "is not text");
    return "";
  }

  flag(name: string): boolean {
    const value = this.#value[name];
    if (typeof value !== "boolean") this.fault(name, "is not true or false");
    return value === true;
  }

  /** A finite number, 0…`max`, in the unit of the field's name. */
  quantity(name: string, max = Number.MAX_VALUE): number {
    const value = this.#value[name];
    if (typeof value === "number" && value >= 0 && value <= max) return value;
    this.fault(
      name,
      max === Number.MAX_VALUE
        ? "is not a number ≥ 0"
        : `is not a number in 0…${max}`,
    );
    return 0;
  }

  /** A whole number ≥ 0. */
  count(name: string): number {
    const value = this.#value[name];
    if (
      typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ) return value;
    this.fault(name, "is not a whole number ≥ 0");
    return 0;
  }

  choice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const found = choices.find((choice) => choice === this.#value[name]);
    if (found !== undefined) return found;
    this.fault(name, `is not one of ${choices.join(", ")}`);
    return choices[0];
  }

  /** An RFC 3339 instant. */
  instant(name: string): Date {
    const text = this.#value[name];
    const instant = new Date(
      typeof text === "string" && INSTANT.test(text) ? text : NaN,
    );
    if (!Number.isNaN(instant.getTime())) return instant;
    this.fault(name, "is not an RFC 3339 time");
    return new Date(0);
  }

  generation(name: string): Generation {
    const text = this.#value[name];
    const generation = typeof text === "string"
      ? parseGeneration(text)
      : undefined;
    if (generation) return generation;
    this.fault(name, "is not <epoch>.<sequence>");
    return { epoch: 0, sequence: 0 };
  }

  object(name: string): FieldReader {
    return new FieldReader(
      this.#value[name],
      `${this.#path}${name}.`,
      this.problems,
    );
  }

  /** A reader for each entry of a list of objects. */
  list(name: string): FieldReader[] {
    const value = this.#value[name];
    if (!Array.isArray(value)) {
      this.fault(name, "is not a list");
      return [];
    }
    return value.map((entry, i) =>
      new FieldReader(entry, `${this.#path}${name}[${i}].`, this.problems)
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
