/** What every process and command stands on: error type, log, version, near names. @module */

export { type Cell, type CsvColumn, csvText, finite } from "./csv.ts";
export { WattkeeperError, type WattkeeperErrorDetail } from "./error.ts";
export { ERROR_TABLE, type ErrorCode } from "./error_table.ts";
export {
  type MetricDefinition,
  METRICS_CONTENT_TYPE,
  type MetricSample,
  renderMetrics,
} from "./metrics.ts";
export {
  EventStream,
  STREAM_LIMITS,
  type StreamEvent,
  type StreamLimits,
} from "./event_stream.ts";
export {
  type BodyReading,
  errorAnswer,
  HTTP_LIMITS,
  type HttpHandler,
  type HttpLimits,
  type HttpServer,
  readBody,
  serveHttp,
} from "./http.ts";
export { HeapKeeper } from "./heap.ts";
export { didYouMean, nearestNames } from "./nearest.ts";
export {
  configureLog,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  logger,
  type LogLevel,
  type LogSettings,
} from "./log.ts";
export { VERSION } from "./version.ts";
