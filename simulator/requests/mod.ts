/** Request-level engines: every request by itself, behind the same interface as the fluid ones. @module */

export { EventHeap } from "./event_heap.ts";
export { exponential } from "./exponential.ts";
export { FinishHeap } from "./finish_heap.ts";
export { LatencyHistogram } from "./latency_histogram.ts";
export {
  FIXED_LENGTHS,
  type LengthFactor,
  PoissonStream,
  SPREAD_LENGTHS,
} from "./poisson_stream.ts";
export { PrefixStore } from "./prefix_store.ts";
export {
  type RequestEngineOptions,
  RequestEngines,
} from "./request_engines.ts";
export {
  BLOCK_TOKENS,
  NO_BLOCKS,
  type RequestStream,
} from "./request_stream.ts";
export { type LatencyTargets, RequestTotals } from "./request_totals.ts";
export { DecodeTable, PassTable, SlowdownTables } from "./step_times.ts";
export { type RequestTrace, TraceStream } from "./trace_stream.ts";
export { WindowedStream } from "./windowed_stream.ts";
