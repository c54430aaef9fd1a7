/** The performance model behind the core's capacity port. @module */

export { capacityModel } from "./capacity_model.ts";
export { noModel } from "./no_model.ts";
