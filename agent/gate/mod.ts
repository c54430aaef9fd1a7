/** The gate: the worker's start permission (R42, C21), the agent's socket for it, and the program that waits at it. @module */

export { become, CannotRunError, findProgram } from "./become.ts";
export { copySelfTo, GATE_PROGRAM, type SelfCopy } from "./copy.ts";
export { GATE_SOCKET } from "./protocol.ts";
export { GateServer, type GateServerEnvironment } from "./server.ts";
export {
  AGENT_MISSING_CHOICES,
  type AgentMissing,
  type Explanation,
  type WaitOutcome,
  waitUntilOpen,
} from "./waiter.ts";
