/** What live load asks for on one side. @module */

/**
 * `up`, `down`: one replica more or less; `hold`: neither; `refused`: little load, but one replica less could not carry
 * it; `no_data`: no fit yet, or no capacity known.
 */
export interface LoadSignal {
  readonly signal: "up" | "down" | "hold" | "refused" | "no_data";
  /** The load is low whatever the number of replicas; capacity in start-up may be cancelled (P36). */
  readonly low: boolean;
  readonly ttftMs?: number | undefined;
  readonly itlMs?: number | undefined;
}

export const NO_DATA: LoadSignal = { signal: "no_data", low: false };

/** From what every engine says. @param workers replicas that serve; the last one never goes */
export function signalOf(
  { up, low, carried }: {
    readonly up: boolean;
    readonly low: boolean;
    /** One replica less could carry the load. */
    readonly carried: boolean;
  },
  workers: number,
): LoadSignal {
  if (up) return { signal: "up", low: false };
  if (workers <= 1) return { signal: "hold", low };
  if (low && carried) return { signal: "down", low };
  return { signal: low ? "refused" : "hold", low };
}
