/** One connection from the gate to the agent. @module */

import { deadline } from "../../cluster/mod.ts";
import type { Clock } from "../ports.ts";
import {
  decodeAnswer,
  GATE_HEARTBEAT_MS,
  GATE_REQUEST,
  type GateAnswer,
  MAX_GATE_LINE_BYTES,
} from "./protocol.ts";

/** An agent that is silent for this long is stuck, milliseconds; another may be there by now. */
export const ANSWER_DEADLINE_MS = 10 * GATE_HEARTBEAT_MS;

/**
 * Asks, and listens until the agent says `open`.
 *
 * @param onWait called with every other answer
 * @throws when the connection cannot be made, ends, is silent, or says what is no answer; or the signal's reason
 */
export async function converse(
  socket: string,
  clock: Clock,
  signal: AbortSignal,
  onWait: (answer: Extract<GateAnswer, { kind: "wait" }>) => void,
): Promise<Extract<GateAnswer, { kind: "open" }>> {
  const connection = await Deno.connect({ transport: "unix", path: socket });
  const close = () => {
    try {
      connection.close();
    } catch { /* it is closed */ }
  };
  let timer: ReturnType<typeof deadline> | undefined;
  let expired: Error | undefined;
  const listen = () => {
    timer?.clear();
    const reason = new Error("it does not answer");
    timer = deadline(clock, ANSWER_DEADLINE_MS, { reason });
    timer.signal.addEventListener("abort", () => {
      expired = reason;
      close();
    });
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    listen();
    await write(connection, GATE_REQUEST);
    for await (const line of lines(connection)) {
      const answer = decodeAnswer(line);
      if (answer === undefined) {
        throw new Error("it says what is not understood");
      }
      if (answer.kind === "open") return answer;
      listen();
      onWait(answer);
    }
    throw new Error("it ended the connection");
  } catch (error) {
    signal.throwIfAborted();
    throw expired ?? error;
  } finally {
    timer?.clear();
    signal.removeEventListener("abort", close);
    close();
  }
}

async function write(connection: Deno.Conn, text: string): Promise<void> {
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

async function* lines(connection: Deno.Conn): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (
    const chunk of connection.readable.values({ preventCancel: true })
  ) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
    if (rest.length > MAX_GATE_LINE_BYTES) {
      throw new Error("it says what is not understood");
    }
  }
}
