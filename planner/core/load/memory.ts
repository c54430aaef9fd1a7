/** What load scaling remembers: samples of engine steps, and how long a signal has lasted. @module */

import type { PerSide } from "../side.ts";

/** One engine step. */
export interface LoadSample {
  readonly prefillTokens: number;
  readonly kvTokens: number;
  readonly wallTimeMs: number;
}

/** A signal to go down that may cancel capacity in start-up (P36). */
export interface DownSignal {
  readonly sinceMs: number;
  /** Ready replicas when it began; one more or less begins it anew. */
  readonly readyReplicas: number;
}

/** Memory of load scaling; samples are bounded by `maxSamples`. */
export interface LoadMemory {
  readonly samples: PerSide<readonly LoadSample[]>;
  readonly down: PerSide<DownSignal>;
}

export const NO_LOAD_MEMORY: LoadMemory = { samples: {}, down: {} };
