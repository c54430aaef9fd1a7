/**
 * What a cap below a phase's own draw costs in latency (R17, `power-curves.md` §3): clock x from
 * P = P0 + (Pu − P0)·x·max(vmin, 1 − s(1 − x))², latency T0·(c/x + 1 − c). @module
 */

/** Parameters of one GPU generation, with their declared error. */
export interface CurveParameters {
  /** Lowest voltage relative to the one at full clock. */
  readonly vmin: number;
  /** Slope of voltage over clock. */
  readonly slope: number;
  /** Draw extrapolated to zero clock, P0, watts. */
  readonly staticWatts: number;
  /** Declared latency error by cap ÷ draw: from 0.8, from 0.6, from 0.45, below. */
  readonly errors: readonly [number, number, number, number];
}

/** What a cap does to a phase. */
export interface Slowdown {
  /** Time at the cap ÷ uncapped time. */
  readonly nominal: number;
  /** The same at the pessimistic end of the declared error; SLA feasibility is judged with it (R17). */
  readonly pessimistic: number;
}

/** One phase under a cap. */
export interface CappedPhase {
  readonly capWatts: number;
  /** The phase's own uncapped draw of one GPU, Pu, watts. */
  readonly drawWatts: number;
  /** Share of the time that scales with the clock, c. */
  readonly computeShare: number;
  readonly parameters: CurveParameters;
}

/** Share of the cap that regulation reaches (m). */
const REGULATION = 0.97;
/** Below this relative clock the cap is unreachable. */
const LOWEST_CLOCK = 0.1;

/** Slowdown of a phase, or undefined when the GPU cannot go that low. A cap at or above the own draw costs nothing. */
export function slowdownAt(phase: CappedPhase): Slowdown | undefined {
  const { capWatts, drawWatts, computeShare, parameters } = phase;
  if (capWatts >= drawWatts) return { nominal: 1, pessimistic: 1 };
  const clock = clockAt(capWatts, drawWatts, parameters);
  if (clock === undefined) return undefined;
  const nominal = computeShare / clock + 1 - computeShare;
  const ratio = capWatts / drawWatts;
  const [high, middle, low, lowest] = parameters.errors;
  const error = ratio >= 0.8
    ? high
    : ratio >= 0.6
    ? middle
    : ratio >= 0.45
    ? low
    : lowest;
  return { nominal, pessimistic: nominal * (1 + error) };
}

/** Relative clock at a cap, by bisection: power is monotonic in the clock. */
function clockAt(
  capWatts: number,
  drawWatts: number,
  { vmin, slope, staticWatts }: CurveParameters,
): number | undefined {
  const span = drawWatts - staticWatts;
  if (span <= 0) return undefined;
  const wanted = (capWatts * REGULATION - staticWatts) / span;
  const power = (x: number) => x * Math.max(vmin, 1 - slope * (1 - x)) ** 2;
  if (!(wanted >= power(LOWEST_CLOCK))) return undefined;
  let low = LOWEST_CLOCK;
  let high = 1;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (power(middle) <= wanted) low = middle;
    else high = middle;
  }
  return low;
}
