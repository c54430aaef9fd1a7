/** The known names that a mistyped name most likely meant. @module */

/** Longer names are compared by their beginning, so that hostile input stays cheap. */
const MAX_COMPARED_LENGTH = 120;

/**
 * Ranks the known names by how near they are to the one given; names that are not near are left out.
 *
 * Case does not count. A name that contains the other, or whose part after the last `/` does, is near.
 *
 * @param name what was written
 * @param known all names that would have been right
 * @param limit how many to return at most
 * @returns the nearest first; empty when nothing is near
 *
 * @example
 * ```ts
 * nearestNames("estimat", ["agent", "estimate", "plan"]); // ["estimate"]
 * ```
 */
export function nearestNames(
  name: string,
  known: Iterable<string>,
  limit = 3,
): string[] {
  const wanted = comparable(name);
  if (wanted === "") return [];
  const ranked: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(known)) {
    const distance = nearness(wanted, comparable(candidate));
    if (distance !== undefined) ranked.push({ candidate, distance });
  }
  ranked.sort((a, b) =>
    a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1)
  );
  return ranked.slice(0, limit).map(({ candidate }) => candidate);
}

/**
 * The nearest names as the end of a message: ` Did you mean "estimate"?`, or nothing when none is near.
 *
 * @param name what was written
 * @param known all names that would have been right
 * @param prefix written before each name, such as the dashes of a flag
 * @returns a sentence with a leading space, or an empty string
 */
export function didYouMean(
  name: string,
  known: Iterable<string>,
  prefix = "",
): string {
  const quoted = nearestNames(name, known).map((near) => `"${prefix}${near}"`);
  const last = quoted.pop();
  if (last === undefined) return "";
  const choice = quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
  return ` Did you mean ${choice}?`;
}

function comparable(name: string): string {
  return name.slice(0, MAX_COMPARED_LENGTH).toLowerCase().replaceAll("_", "-");
}

/** Distance for the ranking, or undefined when the two are not near. */
function nearness(wanted: string, candidate: string): number | undefined {
  const tail = candidate.slice(candidate.lastIndexOf("/") + 1);
  const distance = Math.min(
    editDistance(wanted, candidate),
    editDistance(wanted, tail) + 0.5,
  );
  const allowed = Math.max(1, Math.floor(Math.min(wanted.length, 12) / 3));
  if (distance <= allowed + 0.5) return distance;
  const contained = wanted.length >= 3 && candidate.includes(wanted) ||
    candidate.length >= 3 && wanted.includes(candidate);
  return contained
    ? allowed + 1 + Math.abs(candidate.length - wanted.length) / 100
    : undefined;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
