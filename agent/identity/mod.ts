/** Which pod owns which GPU, and which pod a process belongs to. @module */

export { type CgroupReading, readCgroup } from "./cgroup_path.ts";
export { NodeOwnership, type OwnershipSources } from "./ownership.ts";
export {
  POD_RESOURCES_SOCKET,
  type PodResourcesAnswer,
  PodResourcesClient,
} from "./pod_resources.ts";
export { type ProcessReading, ProcessTable } from "./process_table.ts";
