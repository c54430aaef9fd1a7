/** What is checked on the hardware at every event. @module */

import type { Step } from "../../planner/mod.ts";
import type { SimulatedWorld } from "../../simulator/mod.ts";
import { parseGrant } from "../../cluster/mod.ts";
import { GrantHistory } from "./grant_history.ts";
import { permittedWatts } from "./permitted_watts.ts";
import { ReportChecks } from "./report_checks.ts";
import type { Schedule, ScheduledFleet } from "./schedule.ts";
import type { Violation } from "./violation.ts";

/** What the checks of one moment depend on. */
interface Looked {
  readonly allowedWatts: number | undefined;
  /** The API server's lists: another one as soon as one pod, or one report, is. */
  readonly pods: ReturnType<SimulatedWorld["api"]["pods"]>;
  readonly reports: ReturnType<SimulatedWorld["api"]["reports"]>;
  /** Σ versions of the nodes: each of them only grows. */
  readonly versions: number;
}

/** Looks at limits, strangers and grants. */
export class PhysicalChecks {
  readonly #world: SimulatedWorld;
  readonly #fleet: ScheduledFleet;
  readonly #inFlight: () => readonly Step[];
  readonly #grants: GrantHistory;
  readonly #reports: ReportChecks;
  /** Nodes of which nobody knows any more what was set there: their records and their reports were taken away. */
  readonly #forgotten: ReadonlySet<string>;
  /** What was looked at last and found to be in order. */
  #inOrder: Looked | undefined;

  constructor(
    world: SimulatedWorld,
    { fleet, faults }: Pick<Schedule, "fleet" | "faults">,
    inFlight: () => readonly Step[],
  ) {
    this.#world = world;
    this.#fleet = fleet;
    this.#inFlight = inFlight;
    this.#grants = new GrantHistory(world);
    this.#reports = new ReportChecks(world);
    const struck = (kind: "record_lost" | "report_deleted") =>
      new Set(
        faults.flatMap((fault) => fault.kind === kind ? [fault.node] : []),
      );
    this.#forgotten = struck("record_lost")
      .intersection(struck("report_deleted"));
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
    return { allowedWatts, pods: api.pods(), reports: api.reports(), versions };
  }

  #findAnew(): Omit<Violation, "atMs"> | undefined {
    const world = this.#world;
    const { allowedWatts } = world;
    this.#grants.follow();
    if (this.claimsBudget && allowedWatts !== undefined) {
      const watts = world.limitWatts();
      if (watts > allowedWatts) {
        return {
          invariant: "budget",
          message: `${watts} W, and ${allowedWatts} W are claimed`,
        };
      }
      const permitted = this.#fleet.startMode === "gate"
        ? permittedWatts(world, {
          grants: this.#grants,
          inFlight: this.#inFlight(),
        })
        : 0;
      if (permitted > allowedWatts) {
        return {
          invariant: "permitted",
          message: `${permitted} W, and ${allowedWatts} W are claimed`,
        };
      }
    }
    const { disorder } = this.#grants;
    if (disorder !== undefined) {
      return { invariant: "generation", message: disorder };
    }
    const untrue = this.#reports.find();
    if (untrue !== undefined) return { invariant: "report", message: untrue };
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
        const granted = this.#grants.mostGranted(podUid);
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

  /** A live pod whose annotations disagree, or whose GPUs are not at its grant, once everything has come to rest (§7, C20). */
  unfollowed(): string | undefined {
    if (!this.claimsBudget) return undefined;
    for (const { pod } of this.#world.api.pods()) {
      const { powerGrant, powerLimit, uid, name } = pod;
      if (pod.terminating || powerGrant === undefined) continue;
      const reading = parseGrant(powerGrant);
      if (reading.kind !== "grant" || reading.grant.podUid !== uid) {
        return `the grant of ${name} is not its own`;
      }
      const { watts } = reading.grant;
      if (powerLimit !== (watts > 0 ? `${watts}` : undefined)) {
        return `${name} is granted ${watts} W beside a limit of ${powerLimit}`;
      }
      if (watts === 0) continue;
      for (const node of this.#world.nodes) {
        for (const { limitWatts, index } of node.gpusOf(uid)) {
          if (limitWatts === watts) continue;
          return `GPU ${index} of ${node.facts.name} is at ${limitWatts} W, ${name} is granted ${watts} W`;
        }
      }
    }
    return undefined;
  }

  /** Caps that stand where nobody is, once everything has come to rest. */
  stranded(): Omit<Violation, "atMs"> | undefined {
    for (const node of this.#world.nodes) {
      // Dead hardware holds nothing.
      if (node.isOff || this.#forgotten.has(node.facts.name)) continue;
      const { defaultWatts, safeDefaultWatts, prearm, name } = node.facts;
      const idle = prearm ? safeDefaultWatts : defaultWatts;
      for (const { podUid, limitWatts, rootWatts, index } of node.gpus) {
        if (podUid !== undefined || limitWatts === idle) continue;
        // Given back as root had left it before the cap.
        if (rootWatts.has(limitWatts)) continue;
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
    a.reports === b.reports && a.allowedWatts === b.allowedWatts;
}
