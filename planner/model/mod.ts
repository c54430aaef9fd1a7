/** The performance model behind the core's capacity port. @module */

export { capacityModel } from "./capacity_model.ts";
export { gpuWattsOf } from "./gpu_facts.ts";
export { noModel } from "./no_model.ts";
export { slowdownAt } from "./power_curve.ts";
