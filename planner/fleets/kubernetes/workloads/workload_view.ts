/** Labelled workloads as one deployment (R26). Pure. @module */

import { DEPLOYMENT_LABEL, ROLE_LABEL } from "../../../../cluster/mod.ts";
import type { Side } from "../../../core/mod.ts";
import type { Component } from "../component.ts";
import { type DeploymentView, modelProblems } from "../deployment_view.ts";
import type { Workload } from "./workload.ts";

/** What the view is put together from. */
export interface WorkloadInput {
  readonly name: string;
  readonly namespace: string;
  readonly workloads: readonly Workload[];
  readonly wanted: readonly Side[];
  readonly servedModelName: string | undefined;
}

/** Puts it together; undefined when nothing has the labels. */
export function workloadView(input: WorkloadInput): DeploymentView | undefined {
  const { workloads, wanted, name } = input;
  const [any] = workloads;
  if (!any) return undefined;
  const sides: Partial<Record<Side, Component>> = {};
  const problems: string[] = [];
  for (const side of wanted) {
    const role = side === "prefill" ? "prefill" : "decode";
    const found = workloads.filter(({ component }) => component.role === role);
    const [only] = found;
    if (found.length > 1) {
      problems.push(
        `Two workloads of deployment "${name}" say that they are ${side}: ${
          found.map(said).join(", ")
        }.`,
      );
    } else if (!only) {
      problems.push(
        `No workload with ${DEPLOYMENT_LABEL}=${name} is ${side}: found ${
          workloads.map(said).join(", ")
        }. Label it ${ROLE_LABEL}=${side}, the workload and its pod template.`,
      );
    } else sides[side] = only.component;
  }
  for (const { component } of workloads) problems.push(...component.problems);
  const first =
    workloads.find(({ component }) =>
      Object.values(sides).includes(component)
    ) ?? any;
  const models = modelProblems(sides, input.servedModelName);
  return {
    reference: {
      apiVersion: `${first.kind.group}/${first.version}`,
      kind: first.kind.kind,
      namespace: input.namespace,
      name: first.meta.name,
      uid: first.meta.uid,
      resourceVersion: first.meta.resourceVersion,
    },
    paused: workloads.some(({ meta }) => meta.paused),
    sides,
    componentNames: new Set(
      workloads.map(({ meta }) => meta.name.toLowerCase()),
    ),
    frontends: new Set(
      workloads.filter(({ component }) => component.role === "frontend")
        .map(({ meta }) => meta.name),
    ),
    runtimeNamespace: undefined,
    problems: [...problems, ...models.problems],
    warnings: models.warnings,
  };
}

function said({ kind, meta }: Workload): string {
  return `${kind.kind} "${meta.name}" (${
    meta.labels[ROLE_LABEL] ?? "no role"
  })`;
}
