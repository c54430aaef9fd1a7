/** The pack format: writing, reading, and the views of its blocks. @module */

export * from "./format.ts";
export type { Block, LeafColumns } from "./block.ts";
export {
  type GridViews,
  gridViews,
  type LeafViews,
  type SitesViews,
  sitesViews,
} from "./block_views.ts";
export { sha256, sha256Hex } from "./checksum.ts";
export { buildGridBlock, type GridLeaves } from "./grid_block.ts";
export { type Pack, parsePack, poweredLeavesOf } from "./reader.ts";
export { buildSitesBlock, type SiteCurves } from "./sites_block.ts";
export { type PackHead, PackWriter } from "./writer.ts";
