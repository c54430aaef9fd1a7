/** What is checked on the hardware at every event. @module */

import type { Step } from "../../planner/mod.ts";
import type { SimulatedWorld } from "../../simulator/mod.ts";
import { PermittedWatts } from "./permitted_watts.ts";
import type { ScheduledFleet } from "./schedule.ts";
import type { Violation } from "./violation.ts";

/** What the checks of one moment depend on. */
interface Looked {
  readonly allowedWatts: number | undefined;
  /** The API server's list: another one as soon as one pod is. */
  readonly pods: ReturnType<SimulatedWorld["api"]["pods"]>;
  /** Σ versions of the nodes: each of them only grows. */
  readonly versions: number;
}

/** Looks at limits, strangers and grants. */
export class PhysicalChecks {
  readonly #world: SimulatedWorld;
  readonly #fleet: ScheduledFleet;
  readonly #permitted: PermittedWatts;
  readonly #inFlight: () => readonly Step[];
  /** What was looked at last and found to be in order. */
  #inOrder: Looked | undefined;

  constructor(
    world: SimulatedWorld,
    fleet: ScheduledFleet,
    inFlight: () => readonly Step[],
  ) {
    this.#world = world;
    this.#fleet = fleet;
    this.#inFlight = inFlight;
    this.#permitted = new PermittedWatts(world, inFlight);
  }

  /** Whether the configuration claims R41. */
  get claimsBudget(): boolean {
    return this.#fleet.capOwner === "planner" && !this.#fleet.advisory;
  }

  /** What is wrong now, if anything. What was in order and has not changed since is not looked at again. */
  find(): Omit<Violation, "atMs"> | undefined {
    const looked = this.#look();
    if (looked && this.#inOrder && isSame(looked, this.#inOrder)) {
      return undefined;
    }
    const found = this.#findAnew();
    this.#inOrder = found ? undefined : looked;
    return found;
  }

  /** All that the checks depend on; undefined where it may change without showing: writes under way, dead nodes. */
  #look(): Looked | undefined {
    const { allowedWatts, api, nodes, faults } = this.#world;
    if (faults.outOfServiceNodes().length > 0 || this.#inFlight().length > 0) {
      return undefined;
    }
    let versions = 0;
    for (const { version } of nodes) versions += version;
    return { allowedWatts, pods: api.pods(), versions };
  }

  #findAnew(): Omit<Violation, "atMs"> | undefined {
    const world = this.#world;
    const { allowedWatts } = world;
    this.#permitted.follow();
    if (this.claimsBudget && allowedWatts !== undefined) {
      const watts = world.limitWatts();
      if (watts > allowedWatts) {
        return {
          invariant: "budget",
          message: `${watts} W, and ${allowedWatts} W are claimed`,
        };
      }
      const permitted = this.#fleet.startMode === "gate"
        ? this.#permitted.sum()
        : 0;
      if (permitted > allowedWatts) {
        return {
          invariant: "permitted",
          message: `${permitted} W, and ${allowedWatts} W are claimed`,
        };
      }
    }
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
        const granted = this.#permitted.mostGranted(podUid);
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

function isSame(a: Looked, b: Looked): boolean {
  return a.versions === b.versions && a.pods === b.pods &&
    a.allowedWatts === b.allowedWatts;
}
