/** Importing AIC's performance tables. @module */

export {
  importData,
  type ImportOptions,
  type ImportSummary,
} from "./import_data.ts";
