/** The exact choice of replicas and caps within GPUs and watts (R16, R16a), over small sets. @module */

/** One cap of a side and what a replica does at it. */
export interface SearchPoint {
  readonly capWatts: number;
  readonly requestsPerSecond: number;
}

/** One side: its points, its width, its floor. */
export interface SearchSide<Point extends SearchPoint = SearchPoint> {
  readonly points: readonly Point[];
  readonly gpusPerReplica: number;
  readonly floor: number;
}

/** What is searched: one side, or prefill and decode that must feed each other. */
export interface SearchProblem<Point extends SearchPoint = SearchPoint> {
  readonly sides:
    | readonly [SearchSide<Point>]
    | readonly [SearchSide<Point>, SearchSide<Point>];
  /** Requests per second worth serving: forecast × (1 + headroom). */
  readonly demand: number;
  readonly budgetWatts: number;
  /** Absent: no limit. */
  readonly maxGpus: number | undefined;
  readonly objective: "throughput" | "efficiency";
}

/** One choice: a point and a count for each side. */
export interface SearchAnswer<Point extends SearchPoint = SearchPoint> {
  readonly sides: readonly {
    readonly point: Point;
    readonly replicas: number;
  }[];
  /** min(demand, what the weakest side can do), requests per second. */
  readonly served: number;
  /** Caps × GPUs of all replicas. */
  readonly watts: number;
  readonly gpus: number;
}

/** No fleet here has more replicas of one side; bounds the work when the GPU budget does not. */
export const MOST_REPLICAS = 1024;

/** Relative differences up to this are rounding, not throughput; no replica is powered for them. */
const LAST_BITS = 1e-12;

/**
 * Finds the best choice. Throughput: most served, then fewest watts, then fewest GPUs. Efficiency: most served per watt,
 * then the same.
 *
 * For a pair of points and a prefill count, served grows with decode until decode is no longer the weakest side, and
 * watts grow always; so only the largest count that still helps can be best, and for efficiency also the one below
 * it (the quotient grows until there and falls after).
 *
 * @returns undefined when not even the floors fit
 */
export function search<Point extends SearchPoint>(
  problem: SearchProblem<Point>,
): SearchAnswer<Point> | undefined {
  const [first, second] = problem.sides;
  let best: SearchAnswer<Point> | undefined;
  const offer = (
    sides: readonly { readonly point: Point; readonly replicas: number }[],
  ) => {
    const answer = evaluate(problem, sides);
    if (!best || isBetter(answer, best, problem.objective)) best = answer;
  };
  for (const point of first.points) {
    const most = mostReplicas(problem, first, point, { watts: 0, gpus: 0 });
    if (!second) {
      for (const replicas of worthTrying(problem, first, point, most)) {
        offer([{ point, replicas }]);
      }
      continue;
    }
    const useful = usefulReplicas(first, point, problem.demand);
    for (
      let replicas = first.floor;
      replicas <= Math.min(most, useful);
      replicas++
    ) {
      const spent = cost(first, point, replicas);
      const demand = Math.min(
        problem.demand,
        replicas * point.requestsPerSecond,
      );
      for (const other of second.points) {
        const mostOther = mostReplicas(problem, second, other, spent);
        const tries = worthTrying(
          { ...problem, demand },
          second,
          other,
          mostOther,
        );
        for (const count of tries) {
          offer([{ point, replicas }, { point: other, replicas: count }]);
        }
      }
    }
  }
  return best;
}

/** Served, watts and GPUs of one choice. */
export function evaluate<Point extends SearchPoint>(
  problem: SearchProblem<Point>,
  sides: readonly { readonly point: Point; readonly replicas: number }[],
): SearchAnswer<Point> {
  let served = problem.demand;
  let watts = 0;
  let gpus = 0;
  sides.forEach(({ point, replicas }, index) => {
    const side = problem.sides[index];
    if (!side) return;
    served = Math.min(served, replicas * point.requestsPerSecond);
    const spent = cost(side, point, replicas);
    watts += spent.watts;
    gpus += spent.gpus;
  });
  return { sides, served, watts, gpus };
}

/** Whether an answer beats another by the objective and its ties. Differences in the last bits are none. */
export function isBetter(
  answer: SearchAnswer,
  than: SearchAnswer,
  objective: SearchProblem["objective"],
): boolean {
  const perWattGain = gain(perWatt(answer), perWatt(than));
  if (objective === "efficiency" && perWattGain !== 0) return perWattGain > 0;
  const servedGain = gain(answer.served, than.served);
  if (servedGain !== 0) return servedGain > 0;
  if (answer.watts !== than.watts) return answer.watts < than.watts;
  return answer.gpus < than.gpus;
}

function gain(here: number, there: number): number {
  const difference = here - there;
  const noise = LAST_BITS * Math.max(here, there);
  return Math.abs(difference) <= noise ? 0 : difference;
}

function perWatt(answer: SearchAnswer): number {
  return answer.watts > 0 ? answer.served / answer.watts : 0;
}

function cost(side: SearchSide, point: SearchPoint, replicas: number) {
  const gpus = replicas * side.gpusPerReplica;
  return { gpus, watts: gpus * point.capWatts };
}

/** Most replicas that still fit beside what is spent; may be below the floor, which then does not fit. */
function mostReplicas(
  problem: SearchProblem,
  side: SearchSide,
  point: SearchPoint,
  spent: { readonly watts: number; readonly gpus: number },
): number {
  const perReplicaWatts = side.gpusPerReplica * point.capWatts;
  const byWatts = perReplicaWatts > 0
    ? Math.floor((problem.budgetWatts - spent.watts) / perReplicaWatts)
    : MOST_REPLICAS;
  const byGpus = problem.maxGpus === undefined
    ? MOST_REPLICAS
    : Math.floor((problem.maxGpus - spent.gpus) / side.gpusPerReplica);
  return Math.min(byWatts, byGpus, Math.max(MOST_REPLICAS, side.floor));
}

/** Replicas beyond which a side adds nothing; never below its floor. */
function usefulReplicas(
  side: SearchSide,
  point: SearchPoint,
  demand: number,
): number {
  const needed = point.requestsPerSecond > 0
    ? Math.ceil(demand / point.requestsPerSecond * (1 - LAST_BITS))
    : 0;
  return Math.max(side.floor, needed);
}

function worthTrying(
  problem: SearchProblem,
  side: SearchSide,
  point: SearchPoint,
  most: number,
): number[] {
  const last = Math.min(usefulReplicas(side, point, problem.demand), most);
  if (last < side.floor) return [];
  return problem.objective === "efficiency" && last > side.floor
    ? [last - 1, last]
    : [last];
}
