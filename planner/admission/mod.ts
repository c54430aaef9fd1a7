/** Admission thresholds on the frontends (R18): what is posted, to whom, and what came of it. @module */

export {
  type AdmissionResult,
  AdmissionSetter,
  type AdmissionSetterOptions,
} from "./setter.ts";
export { type AdmissionCounters, NO_POSTS } from "./counters.ts";
export {
  type BusyThreshold,
  busyThreshold,
  type Thresholds,
} from "./busy_threshold.ts";
export {
  frontendAddress,
  type FrontendPod,
  type FrontendPods,
  frontendPort,
  type NamedPort,
} from "./frontend_pod.ts";
export { POST_TIMEOUT_MS, type PostOutcome } from "./post.ts";
