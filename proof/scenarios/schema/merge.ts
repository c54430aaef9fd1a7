/** One file on top of another: mappings merge, everything else replaces (`reference-testbed.md` §2). @module */

/** A mapping of a file. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The child's values win; a list of the child replaces the list of the base. */
export function merged(base: Mapping, child: Mapping): Mapping {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(child)) {
    const before = result[key];
    result[key] = isMapping(before) && isMapping(value)
      ? merged(before, value)
      : value;
  }
  return result;
}
