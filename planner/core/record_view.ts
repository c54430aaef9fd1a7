/** Reading a decision record that anybody may have written: every value is looked at before it is used. @module */

/** A part of a record. Whatever is not there, or is something else, is undefined. */
export interface RecordView {
  number(...path: readonly string[]): number | undefined;
  text(...path: readonly string[]): string | undefined;
  flag(...path: readonly string[]): boolean | undefined;
  /** Parts of a list; empty when it is none. */
  list(...path: readonly string[]): readonly RecordView[];
  /** A part; undefined when it is absent or null. */
  part(...path: readonly string[]): RecordView | undefined;
  /** Names and numbers of a part, in its order. */
  numbers(...path: readonly string[]): readonly (readonly [string, number])[];
  /** Texts of a list. */
  texts(...path: readonly string[]): readonly string[];
}

/** Views a value. */
export function viewRecord(value: unknown): RecordView {
  const at = (path: readonly string[]): unknown => {
    let found: unknown = value;
    for (const name of path) {
      if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
      found = found[name];
    }
    return found;
  };
  return {
    number: (...path) => numberOf(at(path)),
    text: (...path) => textOf(at(path)),
    flag: (...path) => {
      const found = at(path);
      return typeof found === "boolean" ? found : undefined;
    },
    list: (...path) => {
      const found = at(path);
      return Array.isArray(found) ? found.map(viewRecord) : [];
    },
    part: (...path) => {
      const found = at(path);
      return isObject(found) ? viewRecord(found) : undefined;
    },
    numbers: (...path) => {
      const found = at(path);
      if (!isObject(found)) return [];
      return Object.entries(found).flatMap(([name, inner]) => {
        const number = numberOf(inner);
        return number === undefined ? [] : [[printable(name), number] as const];
      });
    },
    texts: (...path) => {
      const found = at(path);
      if (!Array.isArray(found)) return [];
      return found.flatMap((inner) => textOf(inner) ?? []);
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value) : undefined;
}

/** A record may come from elsewhere: what would move a terminal's cursor is left out. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
