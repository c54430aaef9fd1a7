/** A fleet that another orchestrator runs: it fetches what is wanted, and acknowledges with what it observes. @module */

import { type Clock, deadline } from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import type { FleetSnapshot, Step, StepOutcome } from "../../core/mod.ts";
import type { Fleet } from "../fleet.ts";
import {
  carriesToken,
  json,
  MOST_WAIT_SECONDS,
  MOST_WAITING,
  readJson,
  refusal,
} from "./http.ts";
import { type Observed, readObserved } from "./observed.ts";
import { Wanted } from "./wanted.ts";

/** Where the wanted state is. */
export const WANTED_PATH = "/virtual/v1/wanted";
/** Where statements go. */
export const OBSERVED_PATH = "/virtual/v1/observed";

/** A step that is not acknowledged for so long is unanswered, milliseconds. */
const ACKNOWLEDGE_MS = 10_000;
/** A statement older than this is not the fleet's state any more, milliseconds. */
export const STALE_MS = 60_000;

/** What the fleet works with. */
export interface VirtualFleetOptions {
  readonly clock: Clock;
  /** Every request must carry it as bearer token; undefined: whoever reaches the port may speak. */
  readonly token: string | undefined;
  readonly acknowledgeMs?: number;
}

/** {@linkcode Fleet} over HTTP. Mount {@linkcode VirtualFleet.handle} on a server. */
export class VirtualFleet implements Fleet {
  readonly name = "virtual";
  readonly #wanted = new Wanted();
  readonly #options: VirtualFleetOptions;
  readonly #listeners = new Set<() => void>();
  #observed: { readonly observed: Observed; readonly atMs: number } | undefined;
  #news = false;
  #waiting = 0;
  /** The verdict on the step in progress, and how to tell it. */
  #awaited:
    | { readonly generation: number; readonly tell: (o: StepOutcome) => void }
    | undefined;

  constructor(options: VirtualFleetOptions) {
    this.#options = options;
  }

  /** @throws {WattkeeperError} `fleet_unusable` while nothing, or nothing recent, is known */
  snapshot(signal: AbortSignal): Promise<FleetSnapshot> {
    this.#news = false;
    const known = this.#observed;
    const nowMs = this.#options.clock.now();
    if (signal.aborted || !known || nowMs - known.atMs > STALE_MS) {
      return Promise.reject(unavailable(signal, known && nowMs - known.atMs));
    }
    return Promise.resolve({ ...known.observed.snapshot, atMs: known.atMs });
  }

  async apply(step: Step, signal: AbortSignal): Promise<StepOutcome> {
    if (signal.aborted) return { kind: "unanswered", reason: "cancelled" };
    if (step.kind === "lease") return { kind: "done" };
    const refused = this.#precheck(step);
    if (refused) return refused;
    const { clock, acknowledgeMs = ACKNOWLEDGE_MS } = this.#options;
    const generation = this.#wanted.put(step);
    const verdict = Promise.withResolvers<StepOutcome>();
    this.#awaited = { generation, tell: verdict.resolve };
    const limit = deadline(clock, acknowledgeMs, {
      reason: new Error(`not acknowledged within ${acknowledgeMs / 1000} s`),
      outer: signal,
    });
    const giveUp = () =>
      verdict.resolve({
        kind: "unanswered",
        reason: signal.aborted ? "cancelled" : `${limit.signal.reason.message}`,
      });
    limit.signal.addEventListener("abort", giveUp, { once: true });
    this.#tell();
    try {
      return await verdict.promise;
    } finally {
      limit.clear();
      limit.signal.removeEventListener("abort", giveUp);
      this.#awaited = undefined;
    }
  }

  async changed(signal: AbortSignal): Promise<void> {
    while (!this.#news && !signal.aborted) await this.#told(signal);
  }

  /** Answers a request, or undefined when it is not for this fleet. */
  async handle(request: Request): Promise<Response | undefined> {
    const url = new URL(request.url);
    const isWanted = url.pathname === WANTED_PATH;
    if (!isWanted && url.pathname !== OBSERVED_PATH) return undefined;
    if (!carriesToken(request, this.#options.token)) {
      await request.body?.cancel();
      return refusal(401, "A bearer token is needed.", {
        "www-authenticate": "Bearer",
      });
    }
    const method = isWanted ? "GET" : "POST";
    if (request.method !== method) {
      await request.body?.cancel();
      return refusal(405, `Only ${method} is answered here.`, {
        allow: method,
      });
    }
    return isWanted
      ? await this.#answerWanted(request)
      : await this.#take(request);
  }

  /** `?after=N&wait_seconds=S`: answers at once when there is something after N, else when there is, or in S seconds. */
  async #answerWanted(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const after = wholeNumber(query.get("after") ?? "-1");
    const waitSeconds = wholeNumber(query.get("wait_seconds") ?? "0");
    if (after === undefined || waitSeconds === undefined) {
      return refusal(400, "after and wait_seconds are whole numbers.");
    }
    const seconds = Math.min(waitSeconds, MOST_WAIT_SECONDS);
    if (
      after >= this.#wanted.generation && seconds > 0 &&
      this.#waiting < MOST_WAITING
    ) {
      this.#waiting++;
      const limit = deadline(this.#options.clock, seconds * 1000, {
        reason: new Error("nothing new"),
        outer: request.signal,
      });
      try {
        while (
          after >= this.#wanted.generation && !limit.signal.aborted
        ) await this.#told(limit.signal);
      } finally {
        limit.clear();
        this.#waiting--;
      }
    }
    return json(200, this.#wanted.document());
  }

  async #take(request: Request): Promise<Response> {
    const body = await readJson(request);
    if (!body.ok) return body.response;
    const reading = readObserved(body.value);
    if (reading.kind === "malformed") {
      return json(400, {
        error: "The statement is malformed; nothing of it was taken.",
        problems: reading.problems,
      });
    }
    const { observed } = reading;
    const { generation } = this.#wanted;
    if (observed.acknowledgedGeneration > generation) {
      return refusal(
        409,
        `Generation ${observed.acknowledgedGeneration} is acknowledged, and ${generation} is the newest. Fetch ${WANTED_PATH} again: the planner has restarted.`,
      );
    }
    this.#observed = { observed, atMs: this.#options.clock.now() };
    this.#wanted.forgetAbsent(observed.snapshot);
    this.#news = true;
    this.#judge(observed);
    this.#tell();
    return json(200, { generation });
  }

  #judge({ acknowledgedGeneration, results }: Observed): void {
    for (const { generation, outcome } of results) {
      if (outcome !== "done") this.#wanted.withdraw(generation);
    }
    const awaited = this.#awaited;
    if (!awaited) return;
    const result = results.find((one) => one.generation === awaited.generation);
    if (result) {
      const { outcome: kind, reason } = result;
      awaited.tell(
        kind === "done" || kind === "gone" ? { kind } : { kind, reason },
      );
    } else if (acknowledgedGeneration >= awaited.generation) {
      awaited.tell({ kind: "done" });
    }
  }

  /** What is certain before anybody is asked. */
  #precheck(
    step: Exclude<Step, { readonly kind: "lease" }>,
  ): StepOutcome | undefined {
    const snapshot = this.#observed?.observed.snapshot;
    if (!snapshot) {
      return { kind: "refused", reason: "Nothing has been observed yet." };
    }
    const found = step.kind === "patch"
      ? snapshot.pods.find(({ pod }) => pod.uid === step.pod.uid)?.pod
      : snapshot.sides[step.side];
    if (!found) return { kind: "gone" };
    const wanted = step.kind === "patch"
      ? step.pod.resourceVersion
      : step.resourceVersion;
    if (wanted !== undefined && found.resourceVersion !== wanted) {
      return {
        kind: "conflict",
        reason: `It is at version ${
          found.resourceVersion ?? "none"
        }, not ${wanted}.`,
      };
    }
    return undefined;
  }

  /** Resolves at the next change of the wanted or the observed state. */
  #told(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function unavailable(
  signal: AbortSignal,
  ageMs: number | undefined,
): WattkeeperError {
  return new WattkeeperError(
    "fleet_unusable",
    signal.aborted
      ? "Reading the virtual fleet was cancelled."
      : ageMs === undefined
      ? "The other orchestrator has not said anything yet."
      : `The other orchestrator has said nothing for ${
        Math.round(ageMs / 1000)
      } s.`,
    {
      where: OBSERVED_PATH,
      remedy: `POST what is observed to ${OBSERVED_PATH} at least every ${
        STALE_MS / 2000
      } s.`,
    },
  );
}

function wholeNumber(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
