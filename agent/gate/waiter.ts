/** The gate's own side: asks the node's agent until it says `open`, and says why it takes so long. @module */

import { Backoff, type BackoffBounds, type Random } from "../../cluster/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { Clock } from "../ports.ts";
import { converse } from "./conversation.ts";
import type { GateAnswer } from "./protocol.ts";

/** What to do when no agent answers: wait without deadline (safe), end with an error, or start uncapped. */
export const AGENT_MISSING_CHOICES = ["wait", "fail", "run"] as const;
export type AgentMissing = typeof AGENT_MISSING_CHOICES[number];

/** What the gate works with. */
export interface WaitEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts the wait: the container is being stopped. */
  readonly signal: AbortSignal;
  /** Says one thing to whoever reads the container's log. */
  readonly explain: (said: Explanation) => void;
}

/** How to wait. */
export interface WaitSettings {
  readonly socket: string;
  readonly onAgentMissing: AgentMissing;
  /** Silence of all agents after which `fail` and `run` act, milliseconds; a restart is shorter. */
  readonly agentMissingAfterMs: number;
}

/** What the gate has to say. */
export interface Explanation {
  readonly waitedMs: number;
  readonly code: string;
  readonly reason: string;
}

/** How the wait ended. */
export type WaitOutcome =
  | Extract<GateAnswer, { kind: "open" }>
  /** No agent, and the operator chose to start without one. */
  | { readonly kind: "agent_missing"; readonly reason: string };

/** The gate says why it waits this often, milliseconds (C21). */
export const EXPLAIN_EVERY_MS = 10_000;
/** An agent answers within microseconds; this long after it went, a new one is looked for. */
const RECONNECT: BackoffBounds = {
  firstMs: 200,
  maxMs: 1_000,
  maxRetryAfterMs: 0,
};

/**
 * Waits for the grant.
 *
 * @throws {WattkeeperError} `agent_missing` when no agent answers and that is to fail
 * @throws the signal's reason when it aborts
 */
export async function waitUntilOpen(
  settings: WaitSettings,
  environment: WaitEnvironment,
): Promise<WaitOutcome> {
  const { clock, random, signal } = environment;
  const explainer = new Explainer(environment);
  const backoff = new Backoff(random, RECONNECT);
  // Only an answer counts: the kernel takes connections for an agent that is stuck.
  let heardAtMs = clock.now();
  while (true) {
    signal.throwIfAborted();
    let fault: string;
    try {
      const answer = await converse(settings.socket, clock, signal, (wait) => {
        heardAtMs = clock.now();
        backoff.reset();
        explainer.say(wait.code, wait.reason);
      });
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      fault = error instanceof Error ? error.message : String(error);
    }
    const silentMs = clock.now() - heardAtMs;
    const reason = `No agent answers at "${settings.socket}": ${fault}.`;
    if (silentMs >= settings.agentMissingAfterMs) {
      if (settings.onAgentMissing === "run") {
        return { kind: "agent_missing", reason };
      }
      if (settings.onAgentMissing === "fail") {
        throw missing(reason, silentMs);
      }
    }
    explainer.say("agent_missing", reason);
    await clock.sleep(backoff.next(), signal);
  }
}

/** Says something when it begins to wait, when the code changes, and every ten seconds. */
class Explainer {
  readonly #environment: WaitEnvironment;
  readonly #startedAtMs: number;
  #saidAtMs: number | undefined;
  #code = "";

  constructor(environment: WaitEnvironment) {
    this.#environment = environment;
    this.#startedAtMs = environment.clock.now();
  }

  say(code: string, reason: string): void {
    const now = this.#environment.clock.now();
    const due = this.#saidAtMs === undefined || code !== this.#code ||
      now - this.#saidAtMs >= EXPLAIN_EVERY_MS;
    if (!due) return;
    this.#saidAtMs = now;
    this.#code = code;
    this.#environment.explain({
      waitedMs: now - this.#startedAtMs,
      code,
      reason,
    });
  }
}

function missing(reason: string, silentMs: number): WattkeeperError {
  return new WattkeeperError(
    "agent_missing",
    `${reason} That is so for ${Math.round(silentMs / 1000)} s.`,
    {
      where: "--on-agent-missing fail",
      remedy:
        "See whether the agent's pod runs on this node and whether its socket's folder is mounted here.",
    },
  );
}
