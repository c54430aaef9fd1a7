/** Looking at what was imported: coverage and soundness. @module */

export {
  type Coverage,
  coverageOf,
  ESSENTIAL_TABLES,
  OP_FAMILIES,
  type OpFamily,
  TABLES_OF_FAMILY,
} from "./op_families.ts";
export { NOISE_SHARE, POWER_RANGE } from "./check_leaves.ts";
export {
  type PackReport,
  type TableReport,
  validatePack,
  type Verdict,
} from "./validate_pack.ts";
