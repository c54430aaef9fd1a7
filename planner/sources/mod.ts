/** Where observations come from. @module */

export type { TrafficSource } from "./source.ts";
export {
  badLineText,
  readTrace,
  textChunks,
  type TraceInput,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "./trace/mod.ts";
