/** What the watches show together, put into the words of the core. @module */

import type { NodePowerReport } from "../../../cluster/mod.ts";
import type { FrontendPod } from "../../admission/mod.ts";
import type { FleetPod, PerSide, Side, SideInventory } from "../../core/mod.ts";
import type { PrometheusFacts } from "../../sources/mod.ts";
import type { Component, ObjectReference } from "./component.ts";
import type { DeploymentView } from "./deployment_view.ts";
import { PodSorter } from "./fleet_pods.ts";
import { type ForeignChange, ForeignChanges } from "./foreign_changes.ts";
import { reportsInScope } from "./node_scope.ts";
import { scaledBy } from "./other_scaler.ts";
import { Owners } from "./owners.ts";
import { refusals } from "./refusals.ts";
import { sideInventory } from "./side_inventory.ts";
import { Viewer } from "./viewer.ts";
import type { WatchedNode } from "./watched_node.ts";
import type { WatchedPod } from "./watched_pod.ts";
import { helpfulWatches, neededWatches, type Watches } from "./watches.ts";
import { STALE_AFTER_MS } from "./watched.ts";

/** One look at everything. */
export interface Picture {
  readonly sides: PerSide<SideInventory>;
  readonly pods: readonly FleetPod[];
  readonly reports: readonly NodePowerReport[];
  readonly otherPodUids: readonly string[];
  readonly outOfServiceNodes: readonly string[];
  readonly paused: boolean;
  readonly problems: readonly string[];
  readonly foreignChanges: readonly ForeignChange[];
  /** The highest epoch of grants on pods. */
  readonly grantEpoch: number;
}

/** What it is painted from. */
export interface PainterOptions {
  readonly watches: Watches;
  readonly viewer: Viewer;
  readonly owners: Owners;
  readonly namespace: string;
  readonly wanted: readonly Side[];
  /** GPUs of a replica by the configuration, where nothing else says so. */
  readonly configuredGpus: PerSide<number>;
  readonly signal: AbortSignal;
}

/** Paints; remembers what each version of an object came to. */
export class Painter {
  readonly #options: PainterOptions;
  readonly #sorter: PodSorter;
  readonly #foreign = new ForeignChanges();
  #view: DeploymentView | undefined;
  #scaledBy: PerSide<string> = {};
  #fatal: readonly string[] = [];
  #pods = new Map<string, WatchedPod>();
  #podsOf: readonly WatchedPod[] | undefined;
  #nodes = new Map<string, WatchedNode>();
  #nodesOf: readonly WatchedNode[] | undefined;

  constructor(options: PainterOptions) {
    this.#options = options;
    this.#sorter = new PodSorter(options.configuredGpus);
  }

  /** What Events are about; undefined before the first look. */
  get reference(): ObjectReference | undefined {
    return this.#view?.reference;
  }

  get paused(): boolean {
    return this.#view?.paused ?? false;
  }

  /** A side as of the last look. */
  side(side: Side): {
    readonly component: Component | undefined;
    readonly scaledBy: string | undefined;
  } {
    return {
      component: this.#view?.sides[side],
      scaledBy: this.#scaledBy[side],
    };
  }

  /** A pod as it is now. */
  pod(uid: string): WatchedPod | undefined {
    return this.#byUid().get(uid);
  }

  /** A write of ours goes out. */
  expect(side: Side, replicas: number): void {
    this.#foreign.expect(side, replicas);
  }

  frontends(): readonly FrontendPod[] {
    const names = this.#view?.frontends ?? new Set();
    return this.#options.watches.pods.values.filter(
      ({ isFrontend, component, pod }) =>
        (isFrontend || component !== undefined && names.has(component)) &&
        !pod.terminating && pod.phase === "Running",
    ).map(({ frontend }) => frontend);
  }

  prometheusFacts(): PrometheusFacts {
    const sides = this.#view?.sides ?? {};
    const namespace = this.#view?.runtimeNamespace;
    const of = (read: (component: Component) => string | undefined) =>
      Object.fromEntries(
        Object.entries(sides).flatMap(([side, component]) => {
          const value = read(component);
          return value === undefined ? [] : [[side, value]];
        }),
      );
    return {
      components: of(({ name }) => name),
      runtimeComponents: of(({ runtimeComponent }) => runtimeComponent),
      ...(namespace === undefined ? {} : { runtimeNamespace: namespace }),
    };
  }

  /** What a person should know, and that stops nothing. */
  warnings(): readonly string[] {
    return this.#view?.warnings ?? [];
  }

  /** What forbids to begin at all; later the same only holds the side. */
  fatal(): readonly string[] {
    return this.#fatal;
  }

  /** One look. */
  paint(): Picture {
    const { watches, viewer, owners, namespace, signal } = this.#options;
    const view = this.#view = viewer.view();
    const all = watches.pods.values;
    const sorted = this.#sorter.sort(all, view);
    const nodes = this.#nodesByName();
    const problems = [...view.problems, ...sorted.problems];
    const fatal = [...problems];
    const decoded: NodePowerReport[] = [];
    for (const one of watches.reports?.values ?? []) {
      if (one.kind === "report") decoded.push(one.report);
      else {
        problems.push(
          `The report of node "${one.nodeName}" cannot be used: ${one.problem}.`,
        );
      }
    }
    const inhabited = new Set(
      sorted.fleet.flatMap(({ pod }) => pod.nodeName ?? []),
    );
    const reports = reportsInScope({
      reports: decoded,
      nodes,
      sides: view.sides,
      inhabited,
      namespace,
    });
    const refused = refusals({
      sides: view.sides,
      pods: sorted.bySide,
      nodes,
      reports,
    });
    const ours = new Set(sorted.fleet.map(({ pod }) => pod.uid));
    const other = owners.othersIn(reports, { ours, signal });
    const foreignChanges: ForeignChange[] = [];
    const sides: Partial<Record<Side, SideInventory>> = {};
    const scalers: Partial<Record<Side, string>> = {};
    const others = watches.autoscalers.flatMap(({ values }) => values);
    for (const side of this.#options.wanted) {
      const component = view.sides[side];
      if (!component) continue;
      const by = scaledBy(component.scaler, others);
      if (by !== undefined) {
        scalers[side] = by;
        problems.push(
          `${by}, which this planner scales too: two would fight. Its replicas are left alone until one of them is gone.`,
        );
        fatal.push(
          `${by}, which this planner is to scale: two would fight. Delete one of them, or run with --advisory.`,
        );
      }
      const reason = refused[side];
      if (reason !== undefined) {
        problems.push(reason);
        fatal.push(reason);
      }
      if (component.scaler.kind === "none") {
        problems.push(component.scaler.reason);
      }
      sides[side] = sideInventory({
        component,
        pods: sorted.bySide[side] ?? [],
        scaledBy: by,
        refused: reason !== undefined,
      });
      const change = this.#foreign.take(side, component.scaler);
      if (change) foreignChanges.push(change);
    }
    this.#scaledBy = scalers;
    this.#fatal = fatal;
    return {
      sides,
      pods: sorted.fleet,
      reports,
      otherPodUids: [
        ...other,
        ...sorted.others.map(({ pod }) => pod.uid),
      ],
      outOfServiceNodes: [...nodes.values()].flatMap(({ name, outOfService }) =>
        outOfService ? [name] : []
      ),
      paused: view.paused,
      problems: [...problems, ...this.#silence()],
      foreignChanges,
      grantEpoch: sorted.grantEpoch,
    };
  }

  /** Watches that have not heard from the server for a while. */
  #silence(): string[] {
    const { watches } = this.#options;
    const silent = [...neededWatches(watches), ...helpfulWatches(watches)]
      .filter(({ ageMs, listedAtMs }) =>
        listedAtMs !== undefined && (ageMs ?? 0) > STALE_AFTER_MS
      );
    const [first] = silent;
    // Without the age: words that change would be told anew every second. The age of each watch is a metric.
    return first === undefined ? [] : [
      `The API server has not been heard of for over ${
        STALE_AFTER_MS / 1000
      } s (${
        silent.map(({ name }) => name).join(", ")
      }): what is known may be old. ${first.fault?.message ?? ""}`.trim(),
    ];
  }

  #byUid(): ReadonlyMap<string, WatchedPod> {
    const { values } = this.#options.watches.pods;
    if (values !== this.#podsOf) {
      this.#podsOf = values;
      this.#pods = new Map(values.map((one) => [one.pod.uid, one]));
    }
    return this.#pods;
  }

  #nodesByName(): ReadonlyMap<string, WatchedNode> {
    const values = this.#options.watches.nodes?.values ?? [];
    if (values !== this.#nodesOf) {
      this.#nodesOf = values;
      this.#nodes = new Map(values.map((one) => [one.name, one]));
    }
    return this.#nodes;
  }
}
