/** Planner processes over a simulated world. @module */

export { type HostOptions, PlannerHost } from "./planner_host.ts";
export { PlannerProcess, type ProcessOptions } from "./planner_process.ts";
