/** Workloads of people without Dynamo. @module */

export {
  readWorkload,
  type Workload,
  WORKLOAD_KINDS,
  type WorkloadKind,
} from "./workload.ts";
export { type WorkloadInput, workloadView } from "./workload_view.ts";
