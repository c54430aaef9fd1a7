/**
 * Caps while workers load: a worker that loads weights draws little and serves nobody, so it begins at its GPU's minimum,
 * and those that serve keep caps above their new ones for as long as the room lasts. Pure.
 *
 * @module
 */

import { type FixedCost, type Lever, squeezed } from "./wanted_caps.ts";

/**
 * Shares of the way from a new cap back to the old one at which serving pods are held. Few, so that a fleet whose pods
 * become ready one by one is not written to each time.
 */
const STEPS = 4;

/** Caps until all serve, and the pods that are kept below their cap until they serve. */
export interface LoadingCaps {
  readonly caps: ReadonlyMap<string, number>;
  readonly below: readonly Lever[];
}

/**
 * Moves caps towards those that stand, as far as loading pods leave room.
 *
 * @param levers pods with watts, and those that are let in
 * @param caps what each is to have once all serve, by pod UID
 * @param isLoading whether a pod has not served yet and may be waited for
 */
export function whileLoading(
  levers: readonly Lever[],
  caps: ReadonlyMap<string, number>,
  { fixed, budgetWatts, toComeWatts, isLoading }: {
    readonly fixed: FixedCost;
    readonly budgetWatts: number;
    readonly toComeWatts: number | undefined;
    readonly isLoading: (lever: Lever) => boolean;
  },
): LoadingCaps {
  const capOf = ({ pod, currentWatts }: Lever) =>
    caps.get(pod.uid) ?? currentWatts;
  const loading = new Set(levers.filter(isLoading));
  const isHeld = (lever: Lever) =>
    !loading.has(lever) && lever.currentWatts > capOf(lever);
  const isComplete = loading.size === 0 && toComeWatts === undefined;
  if (isComplete || !levers.some(isHeld)) return { caps, below: [] };
  const below: Lever[] = [];
  const between = levers.map((lever): Lever => {
    const capWatts = capOf(lever);
    if (!loading.has(lever)) {
      const desiredWatts = Math.max(capWatts, lever.currentWatts);
      return { ...lever, minWatts: capWatts, desiredWatts };
    }
    // What it has already is not taken from it: a lower and a raise for nothing.
    const watts = Math.min(
      Math.max(lever.minWatts, lever.currentWatts),
      capWatts,
    );
    if (watts < capWatts) below.push(lever);
    return { ...lever, minWatts: watts, desiredWatts: watts };
  });
  const roomWatts = budgetWatts - (toComeWatts ?? 0);
  return { caps: squeezed(between, fixed, roomWatts, STEPS), below };
}
