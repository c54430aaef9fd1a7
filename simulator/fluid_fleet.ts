/** A fleet as a fluid: what a window serves and draws, without single requests or queues. @module */

/** One side of the fleet in one window. */
export interface FluidSide {
  readonly gpus: number;
  /** Requests per second of all its replicas within the latency targets. */
  readonly requestsPerSecond: number;
  /** Draw of one GPU while it works, watts. */
  readonly busyWatts: number;
  /** Draw of one GPU while it waits, watts. */
  readonly idleWatts: number;
}

/** What one window brought. */
export interface FluidWindow {
  readonly servedRequests: number;
  readonly joules: number;
}

/**
 * Serves what the weakest side can, and drops the rest: a request that waits longer than its latency target is lost for the
 * one who asked. Each side draws between idle and busy in proportion to how busy it is.
 */
export function serveWindow(
  requests: number,
  windowSeconds: number,
  sides: readonly FluidSide[],
): FluidWindow {
  const capacity = Math.min(
    ...sides.map(({ requestsPerSecond }) => requestsPerSecond),
  );
  const servedRequests = Math.min(requests, capacity * windowSeconds);
  const joules = sides.reduce((sum, side) => {
    const most = side.requestsPerSecond * windowSeconds;
    const busy = most > 0 ? servedRequests / most : 0;
    const watts = side.idleWatts + (side.busyWatts - side.idleWatts) * busy;
    return sum + side.gpus * watts * windowSeconds;
  }, 0);
  return { servedRequests, joules };
}
