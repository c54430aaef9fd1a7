/** What needs neither Deno nor Node: error type, near names, CSV, version. The browser's door to this folder. @module */

export { type Cell, type CsvColumn, csvText } from "./csv.ts";
export { WattkeeperError, type WattkeeperErrorDetail } from "./error.ts";
export { ERROR_TABLE, type ErrorCode } from "./error_table.ts";
export { didYouMean, nearestNames } from "./nearest.ts";
export { VERSION } from "./version.ts";
