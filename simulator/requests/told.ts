/** What a step of request-level engines came to, in the words of the world. @module */

import type { FluidStep, Replica, ReplicaWork } from "../world/mod.ts";
import type { Tally } from "./tally.ts";
import type { Worker } from "./worker.ts";

/** Everything that is told. */
export interface StepFacts {
  readonly seconds: number;
  readonly replicas: readonly Replica[];
  readonly workers: ReadonlyMap<string, Worker>;
  readonly tally: Tally;
  /** Requests that wait for a prefill, and for a place in a batch. */
  readonly queued: number;
  readonly handedOver: number;
  /** Mean lengths where nothing arrived. */
  readonly islTokens: number;
  readonly oslTokens: number;
}

/** Puts the step together; the workers' sums begin anew. */
export function toldStep(facts: StepFacts): FluidStep {
  const { tally } = facts;
  const { arrived, firstTokens, decodedTokens, promptTokens } = tally;
  const islTokens = arrived > 0 ? tally.arrivedIsl / arrived : facts.islTokens;
  const lines = linesOf(facts, islTokens);
  return {
    arrived,
    completed: tally.completed,
    prefilledTokens: tally.prefilledTokens,
    decodedTokens,
    firstTokens,
    islTokens,
    oslTokens: arrived > 0 ? tally.arrivedOsl / arrived : facts.oslTokens,
    promptTokens,
    cachedTokens: tally.cachedTokens,
    ttftMs: firstTokens > 0 ? tally.ttftSum / firstTokens : undefined,
    itlMs: decodedTokens > 0 ? tally.itlSum / decodedTokens : undefined,
    replicas: facts.replicas.map((replica) => {
      const worker = facts.workers.get(replica.name);
      return worker ? workOf(worker, facts.seconds, lines) : idleWork(replica);
    }),
  };
}

/** Everybody's share of the lines. */
interface Lines {
  readonly queued: number;
  readonly handedOver: number;
  readonly islTokens: number;
}

function linesOf(
  { workers, queued, handedOver }: StepFacts,
  islTokens: number,
): Lines {
  let [prefills, decodes] = [0, 0];
  for (const worker of workers.values()) {
    if (worker.serving && worker.prefills) prefills++;
    if (worker.serving && worker.decodes) decodes++;
  }
  return {
    queued: queued / Math.max(1, prefills),
    handedOver: handedOver / Math.max(1, decodes),
    islTokens,
  };
}

function workOf(worker: Worker, seconds: number, lines: Lines): ReplicaWork {
  const { name, side, limitWatts, prefills, decodes } = worker;
  const queued = prefills ? lines.queued : 0;
  const handedOver = decodes ? lines.handedOver : 0;
  const work: ReplicaWork = {
    name,
    side,
    works: true,
    busy: Math.min(1, worker.busyMs / (seconds * 1000)),
    drawWatts: Math.min(limitWatts, worker.joules / seconds),
    cappedShare: Math.min(1, worker.cappedMs / (seconds * 1000)),
    requests: decodes
      ? worker.load
      : worker.passSize + (worker.partial < 0 ? 0 : 1),
    queuedRequests: prefills ? queued : handedOver,
    milliseconds: worker.stepMs,
    tokens: {
      scheduledPrefill: worker.passTokens,
      queuedPrefill: queued * lines.islTokens,
      scheduledDecodeKv: worker.batchKvTokens,
      queuedDecodeKv: handedOver * lines.islTokens,
    },
  };
  worker.clearSums();
  return work;
}

function idleWork({ name, side }: Replica): ReplicaWork {
  return {
    name,
    side,
    busy: 0,
    drawWatts: 0,
    cappedShare: 0,
    requests: 0,
    queuedRequests: 0,
    milliseconds: 0,
  };
}
