/** What to say after an unknown name. @module */

import { didYouMean } from "../../../service/portable.ts";

const LISTED_AT_MOST = 20;

/** ` Did you mean "h200_sxm"?`, or ` Known: …` when nothing is near; with a leading space, or empty. */
export function suggest(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known);
  if (near !== "" || known.length === 0) return near;
  const names = [...new Set(known)];
  const more = names.length - LISTED_AT_MOST;
  return ` Known: ${names.slice(0, LISTED_AT_MOST).join(", ")}${
    more > 0 ? ` and ${more} more` : ""
  }.`;
}
