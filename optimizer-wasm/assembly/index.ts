/**
 * The door of the module: scalars and addresses in, a status and the output window out. One instance serves one pack
 * (one system, backend, version); nothing is allocated once its programs are compiled.
 */

import { allocate } from "./arrays";

export * from "./asking";
export * from "./compiling";
export { openGrid } from "./grid";
export { configure } from "./machine";
export { newProgram } from "./program";
export {
  candidatesLooked,
} from "./search/expand";
export { nearestMisses, noteMisses } from "./search/misses";
export { optionCount, optionTable } from "./search/option";
export { rankedAt, rankedCount, rankedOption } from "./search/ranking";
export { addRow, addRowLimit, clearRows } from "./search/row";
export { expandSide, layoutGroups, search } from "./search/search";
export { searchSetting } from "./search/setting";
export { openSites } from "./sites";

/** Room for a pack's payload. */
export function reserve(bytes: i32): usize {
  return allocate(bytes);
}
