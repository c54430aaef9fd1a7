/** Generations of grants: `<epoch>.<sequence>`, ordered by epoch, then sequence (`cap-protocol.md` §2). @module */

/** One decision about one pod. Compared only within one pod UID. */
export interface Generation {
  /** Count of take-overs of the planner's Lease. */
  readonly epoch: number;
  /** Count of decisions within the epoch. */
  readonly sequence: number;
}

const DECIMAL = "(?:0|[1-9][0-9]{0,14})";
const GENERATION = new RegExp(`^(${DECIMAL})\\.(${DECIMAL})$`);

/** Negative when `a` is older than `b`, 0 when they are the same, positive when `a` is newer. */
export function compareGenerations(a: Generation, b: Generation): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

/** `5.3` for epoch 5, sequence 3. */
export function formatGeneration({ epoch, sequence }: Generation): string {
  return `${epoch}.${sequence}`;
}

/** @returns the generation, or undefined when the text is not `<epoch>.<sequence>` in plain decimals */
export function parseGeneration(text: string): Generation | undefined {
  const match = GENERATION.exec(text);
  if (!match) return undefined;
  return { epoch: Number(match[1]), sequence: Number(match[2]) };
}
