/** A DGD with its adapters as one deployment: roles, and how each is scaled (P87, P97–P99). Pure. @module */

import type { Side } from "../../../core/mod.ts";
import type { Component } from "../component.ts";
import { type DeploymentView, modelProblems } from "../deployment_view.ts";
import {
  ADAPTER_KIND,
  ADAPTER_RESOURCE,
  DGD_KIND,
  DGD_RESOURCE,
  DYNAMO_GROUP,
  DYNAMO_VERSIONS,
  LWS_GROUP,
  WORKER_HASH_LABELS,
} from "../names.ts";
import { findRoles } from "../roles.ts";
import type { Scaler, ScaleTarget, SpecPatch } from "../scaler.ts";
import { type Adapter, adapterFault, adapterName } from "./adapter.ts";
import type { GraphComponent, GraphDeployment } from "./graph_deployment.ts";

/** What the view is put together from. */
export interface DynamoInput {
  readonly graph: GraphDeployment;
  /** Adapters of the namespace; empty where the API has none. */
  readonly adapters: readonly Adapter[];
  /** Version in which adapters are served; undefined: not at all. */
  readonly adapterVersion: string | undefined;
  readonly wanted: readonly Side[];
  readonly servedModelName: string | undefined;
}

/** Puts it together. */
export function dynamoView(input: DynamoInput): DeploymentView {
  const { graph, wanted } = input;
  const roles = findRoles(graph.components, wanted);
  const sides: Partial<Record<Side, Component>> = {};
  const problems = [
    ...(graph.meta.deleting
      ? [`The ${DGD_KIND} "${graph.meta.name}" is being deleted.`]
      : []),
    ...graph.problems,
    ...roles.problems,
  ];
  for (const side of wanted) {
    const component = roles.sides[side];
    if (!component) continue;
    problems.push(...component.problems);
    sides[side] = { ...component, scaler: scalerOf(component, input) };
  }
  const models = modelProblems(sides, input.servedModelName);
  const managed = new Set(Object.values(sides).map(({ name }) => name));
  const strangers = graph.components.filter(({ name, gpusPerReplica }) =>
    !managed.has(name) && (gpusPerReplica ?? 0) > 0
  );
  return {
    reference: {
      apiVersion: `${DYNAMO_GROUP}/${graph.version}`,
      kind: DGD_KIND,
      namespace: graph.meta.namespace,
      name: graph.meta.name,
      uid: graph.meta.uid,
      resourceVersion: graph.meta.resourceVersion,
    },
    paused: graph.meta.paused,
    sides,
    componentNames: new Set(
      graph.components.map(({ name }) => name.toLowerCase()),
    ),
    frontends: new Set(
      graph.components.filter(({ role }) => role === "frontend")
        .map(({ name }) => name),
    ),
    runtimeNamespace: runtimeNamespace(sides, graph),
    problems: [...problems, ...models.problems],
    warnings: [
      ...models.warnings,
      ...strangers.map(({ name, role }) =>
        `Component "${name}" (${role}) has GPUs and is none of the sides ${
          wanted.join(", ")
        }: its watts are not in this budget.`
      ),
    ],
  };
}

function scalerOf(
  component: GraphComponent,
  { graph, adapters, adapterVersion }: DynamoInput,
): Scaler {
  const { namespace, name, resourceVersion } = graph.meta;
  const { version } = graph;
  const adapted = adapterName(name, component.name);
  const targets = targetsOf(name, component.name);
  if (component.group !== undefined) {
    return {
      kind: "none",
      targets,
      reason:
        `Component "${component.name}" is scaled by the component group "${component.group}", and groups are not driven.`,
    };
  }
  const patch: SpecPatch = {
    path:
      `/apis/${DYNAMO_GROUP}/${version}/namespaces/${namespace}/${DGD_RESOURCE}/${name}`,
    resourceVersion,
    pointer: component.pointer,
    found: component.found,
  };
  const byPatch: Scaler = {
    kind: "patch",
    targets,
    replicas: component.specReplicas,
    setBy: graph.meta.replicasSetBy,
    patch,
    resourceVersion,
  };
  const strict = component.declaresAdapter && version === "v1beta1";
  if (!strict && version === "v1beta1") return byPatch;
  const adapter = adapters.find(({ meta }) => meta.name === adapted);
  if (!adapter) {
    return strict
      ? {
        kind: "none",
        targets,
        reason:
          `Component "${component.name}" declares a scaling adapter, and there is no ${ADAPTER_KIND} "${adapted}".`,
      }
      : byPatch;
  }
  const fault = adapterFault(adapter, {
    graph,
    component: component.name,
    strict,
  });
  if (fault !== undefined) return { kind: "none", targets, reason: fault };
  return {
    kind: "subresource",
    targets,
    path: `/apis/${DYNAMO_GROUP}/${
      adapterVersion ?? version
    }/namespaces/${namespace}/${ADAPTER_RESOURCE}/${adapted}`,
    uid: adapter.meta.uid,
    resourceVersion: adapter.meta.resourceVersion,
    replicas: adapter.replicas,
    setBy: adapter.meta.replicasSetBy,
    ...(strict ? {} : { fallback: patch }),
  };
}

/** The adapter, the deployment, and what the operator makes of a component. */
function targetsOf(deployment: string, component: string): ScaleTarget[] {
  const name = adapterName(deployment, component);
  const clique = `${deployment}-0-${component.toLowerCase()}`;
  return [
    { group: DYNAMO_GROUP, kind: ADAPTER_KIND, name },
    { group: DYNAMO_GROUP, kind: DGD_KIND, name: deployment },
    { group: DYNAMO_GROUP, kind: "DynamoComponentDeployment", name },
    { group: "apps", kind: "Deployment", name },
    { group: LWS_GROUP, kind: "LeaderWorkerSet", name },
    { group: "grove.io", kind: "PodClique", name: clique },
    { group: "grove.io", kind: "PodCliqueScalingGroup", name: clique },
  ];
}

/** The status' word, else the base name with the hash of the current workers (P93). */
function runtimeNamespace(
  sides: DeploymentView["sides"],
  { meta }: GraphDeployment,
): string | undefined {
  const said = Object.values(sides).map((one) => one.runtimeNamespace)
    .find((one) => one !== undefined);
  if (said !== undefined) return said;
  const hash = WORKER_HASH_LABELS.map((label) =>
    meta.labels[label] ?? meta.annotations[label]
  ).find((one) => one !== undefined && one !== "");
  return hash === undefined
    ? undefined
    : `${meta.namespace}-${meta.name}-${hash}`;
}

/** The best version that the API server serves. */
export function bestVersion(
  served: readonly string[],
): typeof DYNAMO_VERSIONS[number] | undefined {
  return DYNAMO_VERSIONS.find((version) => served.includes(version));
}
