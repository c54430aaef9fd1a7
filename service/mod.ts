/** What every process and command stands on: the error type. @module */

export { WattkeeperError, type WattkeeperErrorDetail } from "./error.ts";
export { ERROR_TABLE, type ErrorCode } from "./error_table.ts";
