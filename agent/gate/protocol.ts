/** What gate and agent say to each other: JSON lines over the agent's unix socket. @module */

import { formatGeneration, parseGeneration } from "../../cluster/mod.ts";
import type { GateVerdict, GateWaitCode, Generation } from "../ports.ts";

/** Where the agent listens unless it is told otherwise. Pods mount the folder, for a restarted agent makes a new file. */
export const GATE_SOCKET = "/run/wattkeeper/gate.sock";
/** The one thing a gate says. It names nobody: who asks is the kernel's to say. */
export const GATE_REQUEST = '{"protocol":1,"ask":"start"}\n';
/** Both sides refuse longer lines. */
export const MAX_GATE_LINE_BYTES = 16_384;
/** The agent speaks at least this often while a gate waits, milliseconds (C20: it also reads the limits anew). */
export const GATE_HEARTBEAT_MS = 1_000;

/** Why a start waits, as the gate hears it: the ledger's codes, and what the socket's server has to say itself. */
export type GateWaitReason = GateWaitCode | "caller_not_identified";

/** An answer of the agent. */
export type GateAnswer =
  | {
    readonly kind: "open";
    readonly generation: Generation;
    readonly gpus: readonly {
      readonly uuid: string;
      readonly grantedWatts: number;
      readonly limitWatts: number;
    }[];
  }
  | {
    readonly kind: "wait";
    readonly code: GateWaitReason | (string & Record<never, never>);
    readonly reason: string;
  };

/** Whether a line is the request of a gate that speaks our protocol. */
export function isGateRequest(line: string): boolean {
  try {
    const request: unknown = JSON.parse(line);
    return typeof request === "object" && request !== null &&
      "protocol" in request && request.protocol === 1 &&
      "ask" in request && request.ask === "start";
  } catch {
    return false;
  }
}

/** One line for the gate. */
export function encodeAnswer(
  answer: GateVerdict | { kind: "wait"; code: GateWaitReason; reason: string },
): string {
  const message = answer.kind === "open"
    ? {
      protocol: 1,
      answer: "open",
      generation: formatGeneration(answer.generation),
      gpus: answer.gpus.map((gpu) => ({
        uuid: gpu.uuid,
        granted_watts: gpu.grantedWatts,
        limit_watts: gpu.limitWatts,
      })),
    }
    : {
      protocol: 1,
      answer: "wait",
      code: answer.code,
      reason: answer.reason.slice(0, 2_000),
    };
  return JSON.stringify(message) + "\n";
}

/**
 * Reads a line of the agent. Only an exact `open` opens; it must name at least one GPU.
 *
 * @returns undefined for anything that is not an answer
 */
export function decodeAnswer(line: string): GateAnswer | undefined {
  const message = parse(line);
  if (message["protocol"] !== 1) return undefined;
  if (message["answer"] === "wait") {
    const { code, reason } = message;
    return typeof code === "string" && typeof reason === "string"
      ? { kind: "wait", code, reason }
      : undefined;
  }
  if (message["answer"] !== "open") return undefined;
  const generation = typeof message["generation"] === "string"
    ? parseGeneration(message["generation"])
    : undefined;
  const gpus = Array.isArray(message["gpus"])
    ? message["gpus"].map(decodeGpu)
    : [];
  const known = gpus.filter((gpu) => gpu !== undefined);
  return generation && known.length > 0 && known.length === gpus.length
    ? { kind: "open", generation, gpus: known }
    : undefined;
}

function decodeGpu(value: unknown) {
  if (!isRecord(value)) return undefined;
  const { uuid, granted_watts: grantedWatts, limit_watts: limitWatts } = value;
  return typeof uuid === "string" && typeof grantedWatts === "number" &&
      typeof limitWatts === "number"
    ? { uuid, grantedWatts, limitWatts }
    : undefined;
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
