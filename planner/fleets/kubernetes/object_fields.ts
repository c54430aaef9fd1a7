/** Reading fields of API objects that anybody may have written: what is not of the expected type is not there. @module */

/** The value at a path of names; undefined as soon as something on the way is no object. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (!isRecord(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** Text that is not empty. */
export function textAt(
  value: unknown,
  ...path: readonly string[]
): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

/** A whole number ≥ 0. */
export function countAt(
  value: unknown,
  ...path: readonly string[]
): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" && Number.isSafeInteger(found) && found >= 0
    ? found
    : undefined;
}

/** A list; empty when there is none. */
export function listAt(
  value: unknown,
  ...path: readonly string[]
): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The entries of an object whose values are text. */
export function textsAt(
  value: unknown,
  ...path: readonly string[]
): Readonly<Record<string, string>> {
  const found = at(value, ...path);
  if (!isRecord(found)) return {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    ),
  );
}

/** Whether a value is an object with named fields. */
export function isRecord(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
