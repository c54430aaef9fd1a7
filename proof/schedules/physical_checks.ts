/** What is checked on the hardware at every event. @module */

import { parseGrant } from "../../cluster/mod.ts";
import type { SimulatedWorld } from "../../simulator/mod.ts";
import type { ScheduledFleet } from "./schedule.ts";
import type { Violation } from "./violation.ts";

/** Looks at limits, strangers and grants. */
export class PhysicalChecks {
  readonly #world: SimulatedWorld;
  readonly #fleet: ScheduledFleet;
  /** The most that each pod was ever granted, by UID; a pod's newest version seen, so that each is read once. */
  readonly #granted = new Map<string, { watts: number; text: string }>();

  constructor(world: SimulatedWorld, fleet: ScheduledFleet) {
    this.#world = world;
    this.#fleet = fleet;
  }

  /** Whether the configuration claims R41. */
  get claimsBudget(): boolean {
    return this.#fleet.capOwner === "planner" && !this.#fleet.advisory;
  }

  /** What is wrong now, if anything. */
  find(): Omit<Violation, "atMs"> | undefined {
    const world = this.#world;
    const { allowedWatts } = world;
    if (this.claimsBudget && allowedWatts !== undefined) {
      const watts = world.limitWatts();
      if (watts > allowedWatts) {
        return {
          invariant: "budget",
          message: `${watts} W, and ${allowedWatts} W are claimed`,
        };
      }
    }
    this.#readGrants();
    for (const node of world.nodes) {
      const { minWatts, maxWatts, defaultWatts, name } = node.facts;
      for (const gpu of node.gpus) {
        const { limitWatts, podUid, foreign } = gpu;
        if (limitWatts < minWatts || limitWatts > maxWatts) {
          return {
            invariant: "range",
            message: `${limitWatts} W on GPU ${gpu.index} of ${name}`,
          };
        }
        if (podUid === undefined || foreign) continue;
        if (podUid.startsWith("uid-stranger") && limitWatts !== defaultWatts) {
          return {
            invariant: "opted_out",
            message: `${limitWatts} W on GPU ${gpu.index} of ${name}`,
          };
        }
        const sandbox = node.sandboxes.get(podUid);
        if (!sandbox?.gated || !node.running.has(podUid)) continue;
        const granted = this.#granted.get(podUid)?.watts ?? 0;
        if (limitWatts > granted) {
          return {
            invariant: "ungranted",
            message:
              `${sandbox.name} runs at ${limitWatts} W and was granted ${granted} W at most`,
          };
        }
      }
    }
    return undefined;
  }

  #readGrants(): void {
    for (const { pod: { uid, powerGrant } } of this.#world.api.pods()) {
      if (powerGrant === undefined) continue;
      const known = this.#granted.get(uid);
      if (known?.text === powerGrant) continue;
      const reading = parseGrant(powerGrant);
      const watts = reading.kind === "grant" && reading.grant.podUid === uid
        ? reading.grant.watts
        : 0;
      this.#granted.set(uid, {
        watts: Math.max(watts, known?.watts ?? 0),
        text: powerGrant,
      });
    }
  }

  /** Caps that stand where nobody is, once everything has come to rest. */
  stranded(): Omit<Violation, "atMs"> | undefined {
    for (const node of this.#world.nodes) {
      const { defaultWatts, safeDefaultWatts, prearm, name } = node.facts;
      const idle = prearm ? safeDefaultWatts : defaultWatts;
      for (const { podUid, limitWatts, rootWatts, index } of node.gpus) {
        if (podUid !== undefined || limitWatts === idle) continue;
        // Given back as root had left it.
        if (limitWatts === rootWatts) continue;
        return {
          invariant: "stranded",
          message: `${limitWatts} W on the idle GPU ${index} of ${name}`,
        };
      }
    }
    return undefined;
  }
}
