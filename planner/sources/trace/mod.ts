/** Traffic from a trace file. @module */

export { textChunks } from "./open.ts";
export {
  badLineText,
  readTrace,
  type TraceInput,
  type TraceSummary,
} from "./read.ts";
export { traceWindows, windowAt } from "./windows.ts";
