/** A scaling adapter, read, and whether it is the one of a component (P97, P99). Pure. @module */

import { DGD_COMPONENT_LABEL, DGD_LABEL } from "../../../../cluster/mod.ts";
import { ADAPTER_KIND, DGD_KIND, DYNAMO_GROUP } from "../names.ts";
import { countAt, textAt } from "../object_fields.ts";
import {
  controllerOf,
  groupOf,
  type ObjectMeta,
  objectMeta,
} from "../object_meta.ts";
import type { GraphDeployment } from "./graph_deployment.ts";

/** An adapter as read. */
export interface Adapter {
  readonly meta: ObjectMeta;
  readonly replicas: number | undefined;
  readonly deploymentName: string | undefined;
  readonly componentName: string | undefined;
  readonly controller:
    | {
      readonly group: string;
      readonly kind: string | undefined;
      readonly name: string | undefined;
      readonly uid: string | undefined;
    }
    | undefined;
}

/** Reads one. */
export function readAdapter(object: unknown): Adapter {
  const controller = controllerOf(object);
  const reference = { spec: (object as { spec?: unknown })?.spec };
  return {
    meta: objectMeta(object),
    replicas: countAt(object, "spec", "replicas"),
    deploymentName: textAt(reference, "spec", "dgdRef", "name"),
    componentName: textAt(reference, "spec", "dgdRef", "componentName") ??
      textAt(reference, "spec", "dgdRef", "serviceName"),
    controller: controller === undefined ? undefined : {
      group: groupOf(textAt(controller, "apiVersion") ?? ""),
      kind: textAt(controller, "kind"),
      name: textAt(controller, "name"),
      uid: textAt(controller, "uid"),
    },
  };
}

/** The name that the operator gives to a component's adapter. */
export function adapterName(deployment: string, component: string): string {
  return `${deployment}-${component.toLowerCase()}`;
}

/**
 * What speaks against an adapter being the authority over a component's replicas; undefined when nothing does.
 *
 * @param strict the component declares an adapter: then its owner must be proven, not only not contradicted
 */
export function adapterFault(
  adapter: Adapter,
  { graph, component, strict }: {
    readonly graph: GraphDeployment;
    readonly component: string;
    readonly strict: boolean;
  },
): string | undefined {
  const { meta, controller } = adapter;
  const named = `The ${ADAPTER_KIND} "${meta.name}"`;
  if (meta.deleting) return `${named} is being deleted.`;
  if (meta.uid === "" || meta.resourceVersion === "") {
    return `${named} has no UID or resourceVersion.`;
  }
  if (adapter.replicas === undefined) {
    return `${named} has no whole number in spec.replicas.`;
  }
  if (
    adapter.deploymentName !== graph.meta.name ||
    adapter.componentName?.toLowerCase() !== component.toLowerCase()
  ) {
    return `${named} scales "${adapter.componentName ?? ""}" of "${
      adapter.deploymentName ?? ""
    }", not "${component}" of "${graph.meta.name}".`;
  }
  if (controller === undefined) {
    return strict
      ? `${named} has no controller among its owner references: nobody says that it belongs to ${DGD_KIND} "${graph.meta.name}".`
      : undefined;
  }
  if (
    controller.group !== DYNAMO_GROUP || controller.kind !== DGD_KIND ||
    controller.name !== graph.meta.name || controller.uid !== graph.meta.uid
  ) {
    return `${named} is owned by ${controller.kind ?? "something"} "${
      controller.name ?? ""
    }" (UID ${
      controller.uid ?? "none"
    }), not by ${DGD_KIND} "${graph.meta.name}" (UID ${graph.meta.uid}).`;
  }
  const labels: readonly [string, string][] = [
    [DGD_LABEL, graph.meta.name],
    [DGD_COMPONENT_LABEL, component],
  ];
  for (const [label, wanted] of labels) {
    const found = meta.labels[label];
    if (
      found !== undefined && found.toLowerCase() !== wanted.toLowerCase()
    ) return `${named} has the label ${label}: "${found}", not "${wanted}".`;
  }
  return undefined;
}
