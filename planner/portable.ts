/** What a browser page uses of the planner: reading trace files. Needs neither Deno nor Node. @module */

export {
  badLineText,
  readTrace,
  type TraceSummary,
} from "./sources/trace/read.ts";
export { traceWindows } from "./sources/trace/windows.ts";
