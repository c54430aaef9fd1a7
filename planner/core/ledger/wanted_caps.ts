/** Which cap each pod is to have in the end, within the budget that can be used now (R43). Pure. @module */

import type { SideTarget } from "../decision.ts";
import type { Account } from "./account.ts";
import { startWattsOf } from "./charge_rows.ts";
import type { FleetView } from "./fleet_view.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated, type LedgerSettings } from "./ledger_settings.ts";

/** The settable range of a pod's GPUs: what all of them take. Undefined: a report does not say, so nothing is granted. */
export function rangeOf(
  pod: LedgerPod,
): { readonly minWatts: number; readonly maxWatts: number } | undefined {
  let minWatts = 0;
  let maxWatts = Infinity;
  for (const { report } of pod.reported) {
    if (report.minWatts === undefined || report.maxWatts === undefined) {
      return undefined;
    }
    minWatts = Math.max(minWatts, Math.ceil(report.minWatts));
    maxWatts = Math.min(maxWatts, Math.floor(report.maxWatts));
  }
  return pod.reported.length > 0 && minWatts > 0 && minWatts <= maxWatts
    ? { minWatts, maxWatts }
    : undefined;
}

/** A pod whose cap can be moved now or once its writes are confirmed. */
export interface Lever {
  readonly pod: LedgerPod;
  /** Watts a GPU that it may draw by what was written last. */
  readonly currentWatts: number;
  /** The side's cap, within the range of the pod's GPUs. */
  readonly desiredWatts: number;
  readonly minWatts: number;
}

/** Watts a GPU a pod stands at by its own annotations, or by what reports show where it has none. */
export function currentWattsOf(
  pod: LedgerPod,
  account: Account,
  settings: LedgerSettings,
): number {
  const { grant, gated } = pod.memory;
  if (grant !== undefined && grant.watts > 0) return grant.watts;
  const behindGate = isGated(settings) && gated &&
    pod.reported.every(({ report }) => report.gate === "waiting");
  return behindGate ? 0 : account.ownWatts(pod.uid);
}

/** A pod as a lever; undefined while its side has no cap or its GPUs are not known. */
export function leverOf(
  pod: LedgerPod,
  currentWatts: number,
  { target, settings }: {
    readonly target: SideTarget | undefined;
    readonly settings: LedgerSettings;
  },
): Lever | undefined {
  const capWatts = target?.capWatts;
  const range = rangeOf(pod) ??
    // Lowers need no report; a value that the SKU takes is as near as one gets without.
    (pod.memory.grant ? settings.gpu : undefined);
  if (capWatts === undefined || !range) return undefined;
  const { minWatts, maxWatts } = range;
  const desiredWatts = Math.min(
    Math.max(Math.floor(capWatts), minWatts),
    maxWatts,
  );
  return { pod, currentWatts, desiredWatts, minWatts };
}

/** Steps of the share by which caps are squeezed; a power of two, so that a share is exact. */
const SHARES = 1 << 16;

/**
 * The sum if every lever stood at its minimum plus a share, 0 to 1, of what it is from there to its desired cap, reserves
 * included.
 */
function costAt(
  levers: readonly Lever[],
  share: number,
  fixed: FixedCost,
): number {
  let sum = fixed.watts;
  const shortfall = new Map(fixed.shortfall);
  for (const lever of levers) {
    const watts = capAt(lever, share);
    sum += watts * lever.pod.memory.gpus;
    if (!fixed.ungated) continue;
    for (const seen of lever.pod.reported) {
      const gap = Math.max(0, startWattsOf(seen, fixed.settings) - watts);
      const known = shortfall.get(seen.nodeName) ?? 0;
      shortfall.set(seen.nodeName, known + gap);
    }
  }
  return sum + Math.max(0, ...shortfall.values());
}

/** What levers do not move. */
export interface FixedCost {
  readonly watts: number;
  readonly shortfall: ReadonlyMap<string, number>;
  readonly ungated: boolean;
  readonly settings: LedgerSettings;
}

/** A lever's cap at a share. */
function capAt({ minWatts, desiredWatts }: Lever, share: number): number {
  return minWatts + Math.floor((desiredWatts - minWatts) * share);
}

/** Everything charged that no lever in the list moves, less what is about to go by itself. */
export function fixedCostOf(
  account: Account,
  view: FleetView,
  { levers, leavingWatts, settings }: {
    readonly levers: readonly Lever[];
    readonly leavingWatts: number;
    readonly settings: LedgerSettings;
  },
): FixedCost {
  let watts = account.watts - account.reserveWatts - leavingWatts;
  for (const { pod } of levers) watts -= account.wattsOfPod(pod);
  const ungated = !isGated(settings) && settings.capOwner === "planner";
  const shortfall = new Map<string, number>();
  if (ungated) {
    const moved = new Set(
      levers.flatMap(({ pod }) => pod.reported.map(({ uuid }) => uuid)),
    );
    for (const seen of view.gpus.values()) {
      if (moved.has(seen.uuid)) continue;
      const uid = seen.report.pod?.uid;
      if (uid === undefined || !view.pods.has(uid)) continue;
      const gap = startWattsOf(seen, settings) -
        (account.own(uid).onGpu[seen.uuid] ?? 0);
      const known = shortfall.get(seen.nodeName) ?? 0;
      shortfall.set(seen.nodeName, known + Math.max(0, gap));
    }
  } else watts += account.reserveWatts;
  return { watts: Math.max(0, watts), shortfall, ungated, settings };
}

/** The sum with every lever at its desired cap, watts. */
export function desiredWattsOf(
  levers: readonly Lever[],
  fixed: FixedCost,
): number {
  return costAt(levers, 1, fixed);
}

/** The sum with every lever at its minimum, watts. */
export function lowestWattsOf(
  levers: readonly Lever[],
  fixed: FixedCost,
): number {
  return costAt(levers, 0, fixed);
}

/**
 * The cap of each lever by pod UID: the desired one where all fit, else all squeezed towards their minimum by the same
 * share, so that nobody's cap depends on the order.
 *
 * @param steps in how many equal steps the share goes from 0 to 1
 */
export function squeezed(
  levers: readonly Lever[],
  fixed: FixedCost,
  budgetWatts: number,
  steps = SHARES,
): ReadonlyMap<string, number> {
  let low = 0;
  let high = steps;
  if (costAt(levers, 1, fixed) <= budgetWatts) low = steps;
  else {
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (costAt(levers, middle / steps, fixed) <= budgetWatts) low = middle;
      else high = middle;
    }
  }
  return new Map(
    levers.map((lever) => [lever.pod.uid, capAt(lever, low / steps)]),
  );
}
