/** The node agent: caps that are true on the hardware, whatever crashes. @module */

export { Agent, type AgentLog, type AgentOptions } from "./agent.ts";
export { type AgentSettings, type NodeAgent, openNodeAgent } from "./node.ts";
export { NVML_CHOICES, type NvmlChoice } from "./nvml/mod.ts";
export { Reconciler } from "./reconciler.ts";
export { type CheckRow, selfCheck } from "./self_check.ts";
export { serveAgent, statusOf } from "./serve.ts";
export { LineSink } from "./sinks.ts";
export { type NeededPaths, requirePermissions } from "./permissions.ts";
