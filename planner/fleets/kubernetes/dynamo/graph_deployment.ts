/** A DynamoGraphDeployment, read: both versions into one form (P86, P89, P90, P94). Pure. @module */

import type { Component, ComponentRole } from "../component.ts";
import type { DynamoVersion } from "../names.ts";
import {
  at,
  countAt,
  isRecord,
  listAt,
  textAt,
  textsAt,
} from "../object_fields.ts";
import { type ObjectMeta, objectMeta } from "../object_meta.ts";
import {
  authoredCap,
  type TemplateFacts,
  templateFacts,
} from "../pod_template.ts";
import { replicaCounts } from "../replica_counts.ts";
import { pointerPart } from "../scaler.ts";

/** A component before it is known how it is scaled. */
export interface GraphComponent extends Omit<Component, "scaler"> {
  readonly specReplicas: number | undefined;
  /** The component opts in to an adapter (P99). */
  readonly declaresAdapter: boolean;
  /** Component group that scales it with others; those are not driven. */
  readonly group: string | undefined;
  /** JSON pointer of the component in the deployment. */
  readonly pointer: string;
  readonly found: unknown;
}

/** A deployment as one version of the API shows it. */
export interface GraphDeployment {
  readonly version: DynamoVersion;
  readonly meta: ObjectMeta;
  readonly components: readonly GraphComponent[];
  readonly setBy: readonly string[];
  /** What is wrong with the object as a whole. */
  readonly problems: readonly string[];
}

/** Reads one. Never throws: what cannot be used is a problem with its path. */
export function readGraphDeployment(
  object: unknown,
  version: DynamoVersion,
): GraphDeployment {
  const meta = objectMeta(object);
  const problems: string[] = [];
  const observed = countAt(object, "status", "observedGeneration");
  const context = {
    object,
    version,
    lagging: meta.generation !== undefined &&
      (observed ?? 0) < meta.generation,
    current: meta.generation === undefined || observed === meta.generation,
    groups: groupsOf(object),
    rollout: textAt(object, "status", "rollingUpdate", "phase"),
  };
  const components = version === "v1beta1"
    ? listAt(object, "spec", "components").flatMap((component, index) => {
      const name = textAt(component, "name");
      if (name === undefined) {
        problems.push(`spec.components[${index}] has no name.`);
        return [];
      }
      return [
        graphComponent(name, component, {
          ...context,
          pointer: `/spec/components/${index}`,
        }),
      ];
    })
    : servicesOf(object).map(([name, service]) =>
      graphComponent(name, service, {
        ...context,
        pointer: `/spec/services/${pointerPart(name)}`,
      })
    );
  if (components.length === 0 && problems.length === 0) {
    problems.push(
      version === "v1beta1"
        ? "spec.components names no component."
        : "spec.services names no service.",
    );
  }
  return { version, meta, components, setBy: [], problems };
}

interface ComponentContext {
  readonly object: unknown;
  readonly version: DynamoVersion;
  readonly lagging: boolean;
  /** The status describes exactly this generation: its facts count (P89). */
  readonly current: boolean;
  readonly groups: ReadonlyMap<string, string>;
  readonly rollout: string | undefined;
  readonly pointer: string;
}

function graphComponent(
  name: string,
  component: unknown,
  context: ComponentContext,
): GraphComponent {
  const { object, version, current } = context;
  const status = at(object, "status", "components", name) ??
    at(object, "status", "services", name);
  const facts = current ? status : undefined;
  const isBeta = version === "v1beta1";
  const template = templateFacts(
    isBeta ? at(component, "podTemplate") : alphaTemplate(component),
  );
  const problems = [...template.problems];
  const nodes = nodeCount(component, problems);
  const specReplicas = at(component, "replicas");
  if (
    specReplicas !== undefined && countAt(component, "replicas") === undefined
  ) {
    problems.push(
      `replicas is ${
        JSON.stringify(specReplicas)?.slice(0, 40)
      }, and a whole number is wanted.`,
    );
  }
  const authored = countAt(facts, "gpuPowerLimitWatts");
  return {
    name,
    role: isBeta
      ? roleOf(textAt(component, "type"))
      : roleOf(textAt(component, "componentType"), {
        sub: textAt(component, "subComponentType"),
      }),
    counts: replicaCounts(status, {
      spoken: countAt(object, "status", "observedGeneration") !== undefined ||
        isRecord(status),
    }),
    lagging: context.lagging,
    rolloutFailed: context.rollout === "Failed",
    rollingOut: context.rollout === "Pending" ||
      context.rollout === "InProgress",
    gpusPerReplica: gpusPerReplica(facts, template, nodes),
    podsPerReplica: nodes,
    authoredCapWatts: authored !== undefined && authored > 0
      ? authoredCap(authored)
      : template.authoredCapWatts,
    nodeSelector: template.nodeSelector,
    modelName: textAt(facts, "servedModelName") ?? template.modelName,
    runtimeComponent: textAt(facts, "runtimeComponentName") ??
      template.runtimeComponent,
    runtimeNamespace: textAt(facts, "runtimeNamespace"),
    partialGpus: template.partialGpus,
    problems: problems.map((problem) => `Component "${name}": ${problem}`),
    specReplicas: countAt(component, "replicas") ??
      (specReplicas === undefined ? 1 : undefined),
    declaresAdapter: declaresAdapter(component),
    group: context.groups.get(name),
    pointer: context.pointer,
    found: component,
  };
}

/** Presence is the opt-in, whatever it holds; `{enabled: false}` says no in so many words. */
function declaresAdapter(component: unknown): boolean {
  const adapter = at(component, "scalingAdapter");
  return adapter !== undefined && adapter !== null && adapter !== false &&
    at(adapter, "enabled") !== false;
}

/** By the status of this generation; 0 says that the operator does not know. Else by the template, × nodes. */
function gpusPerReplica(
  facts: unknown,
  template: TemplateFacts,
  nodes: number,
): number | undefined {
  const projected = countAt(facts, "gpusPerReplica");
  if (projected !== undefined && projected > 0) return projected;
  return template.gpus > 0 && !template.claims
    ? template.gpus * nodes
    : undefined;
}

function nodeCount(component: unknown, problems: string[]): number {
  const found = at(component, "multinode", "nodeCount");
  if (found === undefined || found === null) return 1;
  const nodes = countAt(component, "multinode", "nodeCount");
  if (nodes !== undefined && nodes > 0) return nodes;
  problems.push(
    `multinode.nodeCount is ${
      JSON.stringify(found)?.slice(0, 40)
    }, and a whole number above 0 is wanted.`,
  );
  return 1;
}

function roleOf(
  type: string | undefined,
  { sub }: { readonly sub?: string | undefined } = {},
): ComponentRole {
  if (sub === "prefill" || sub === "decode") return sub;
  switch (type) {
    case undefined:
      return "untyped";
    case "prefill":
    case "decode":
    case "worker":
    case "frontend":
      return type;
    default:
      return "other";
  }
}

function servicesOf(object: unknown): [string, unknown][] {
  const services = at(object, "spec", "services");
  return isRecord(services) ? Object.entries(services) : [];
}

/** Components that a component group scales together, with the group's name. */
function groupsOf(object: unknown): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (
    const group of listAt(object, "spec", "experimental", "componentGroups")
  ) {
    for (const component of listAt(group, "components")) {
      const name = textAt(component, "name");
      if (name !== undefined) groups.set(name, textAt(group, "name") ?? "");
    }
  }
  return groups;
}

/** v1alpha1 spreads the pod over the service: put together as a template has it. */
function alphaTemplate(service: unknown): unknown {
  const main = at(service, "extraPodSpec", "mainContainer");
  const amount = (kind: "limits" | "requests") => {
    const gpu = at(service, "resources", kind, "gpu");
    const own = at(main, "resources", kind);
    return {
      ...(isRecord(own) ? own : {}),
      ...(gpu === undefined ? {} : { "nvidia.com/gpu": gpu }),
    };
  };
  return {
    metadata: {
      annotations: {
        ...textsAt(service, "annotations"),
        ...textsAt(service, "extraPodMetadata", "annotations"),
      },
    },
    spec: {
      nodeSelector: at(service, "extraPodSpec", "nodeSelector"),
      initContainers: at(service, "extraPodSpec", "initContainers"),
      containers: [
        {
          ...(isRecord(main) ? main : {}),
          name: "main",
          resources: {
            limits: amount("limits"),
            requests: amount("requests"),
          },
        },
        ...listAt(service, "extraPodSpec", "containers"),
      ],
    },
  };
}
