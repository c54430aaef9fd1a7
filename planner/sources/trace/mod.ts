/** Traffic from a trace file. @module */

export { textChunks } from "./open.ts";
export {
  badLineText,
  readTrace,
  type TraceInput,
  type TraceSummary,
} from "./read.ts";
export type { TraceRequest } from "./request.ts";
export { traceSource } from "./source.ts";
export { traceWindows, windowAt } from "./windows.ts";
