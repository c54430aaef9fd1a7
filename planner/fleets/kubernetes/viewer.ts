/** The deployment as the watches show it now; what was known of a side stays known when the deployment forgets it. @module */

import type { Side } from "../../core/mod.ts";
import type { Component } from "./component.ts";
import type { DeploymentView } from "./deployment_view.ts";
import { dynamoView } from "./dynamo/mod.ts";
import { DGD_KIND } from "./names.ts";
import type { Watches } from "./watches.ts";
import { workloadView } from "./workloads/mod.ts";

/** What it looks at. */
export interface ViewerOptions {
  readonly watches: Watches;
  readonly kind: "dynamo" | "workloads";
  readonly name: string;
  readonly namespace: string;
  readonly wanted: readonly Side[];
  readonly servedModelName: string | undefined;
  /** Version in which adapters are served. */
  readonly adapterVersion: string | undefined;
}

/** Looks; gives the same view until something in it has changed. */
export class Viewer {
  readonly #options: ViewerOptions;
  #inputs: readonly unknown[] = [];
  #view: DeploymentView | undefined;

  constructor(options: ViewerOptions) {
    this.#options = options;
  }

  /** The view now. */
  view(): DeploymentView {
    const { graphs, adapters, workloads } = this.#options.watches;
    const inputs = [
      graphs?.values,
      adapters?.values,
      ...workloads.map(({ values }) => values),
    ];
    if (
      this.#view &&
      inputs.every((input, index) => input === this.#inputs[index])
    ) return this.#view;
    this.#inputs = inputs;
    return this.#view = this.#kept(this.#look(), this.#view);
  }

  #look(): DeploymentView | undefined {
    const { watches, kind, ...options } = this.#options;
    if (kind === "workloads") {
      return workloadView({
        ...options,
        workloads: watches.workloads.flatMap(({ values }) => values),
      });
    }
    const graph = watches.graphs?.values[0];
    return graph && dynamoView({
      ...options,
      graph,
      adapters: watches.adapters?.values ?? [],
    });
  }

  /** Pods of a side that the deployment does not describe any more still draw watts: the side stays, and is not scaled. */
  #kept(
    now: DeploymentView | undefined,
    before: DeploymentView | undefined,
  ): DeploymentView {
    const { name, namespace, kind, wanted } = this.#options;
    const lost = kind === "dynamo"
      ? `The ${DGD_KIND} "${name}" is not there any more.`
      : `No workload of deployment "${name}" is there any more.`;
    const view: DeploymentView = now ?? {
      reference: before?.reference ?? {
        apiVersion: "v1",
        kind: "Namespace",
        namespace,
        name: namespace,
        uid: "",
        resourceVersion: "",
      },
      paused: before?.paused ?? false,
      sides: {},
      componentNames: before?.componentNames ?? new Set(),
      frontends: before?.frontends ?? new Set(),
      runtimeNamespace: before?.runtimeNamespace,
      problems: [lost],
      warnings: [],
    };
    const sides: Partial<Record<Side, Component>> = { ...view.sides };
    for (const side of wanted) {
      const known = before?.sides[side];
      if (sides[side] || !known) continue;
      sides[side] = {
        ...known,
        scaler: {
          kind: "none",
          targets: known.scaler.targets,
          reason:
            `Component "${known.name}" (${side}) is not described any more: its pods stay charged, and it is not scaled.`,
        },
      };
    }
    return { ...view, sides };
  }
}
