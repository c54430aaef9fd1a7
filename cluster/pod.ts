/** A pod as this product sees it: the few fields that decide about watts, read from the API object. @module */

import {
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
  STATIC_POD_HASH_ANNOTATION,
} from "./contract.ts";

/** A pod's facts. All else of the API object is dropped, so that a node full of pods stays small. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** UID that cgroup names of a static pod carry instead of {@linkcode uid}. */
  readonly staticPodHash: string | undefined;
  readonly resourceVersion: string;
  readonly nodeName: string | undefined;
  readonly phase: string;
  /** A deletion timestamp is set: the pod is going, its processes may still run. */
  readonly terminating: boolean;
  /** Raw value of the power-limit annotation; undefined when the key is absent. */
  readonly powerLimit: string | undefined;
  /** Raw value of the grant annotation; undefined when the key is absent. */
  readonly powerGrant: string | undefined;
  /** Names of containers that ask for a GPU, sorted. */
  readonly gpuContainers: readonly string[];
  /** Whether the command of every container that asks for a GPU goes through the gate (C21). False without one. */
  readonly gated: boolean;
}

/** Why an object is not a pod that can be relied on. */
export class MalformedObjectError extends Error {
  override readonly name = "MalformedObjectError";
}

/** Resources of the device plugin that are GPUs or slices of one. */
const GPU_RESOURCE = /^nvidia\.com\/(?:gpu|mig-.+)$/;

/**
 * Reads an API object as a {@linkcode Pod}.
 *
 * @throws {MalformedObjectError} when identity or version are missing: such an object must not enter a view
 */
export function readPod(object: unknown): Pod {
  const metadata = field(object, "metadata");
  const spec = field(object, "spec");
  const annotations = field(metadata, "annotations");
  const gpuContainers = containersOf(spec).filter(asksForGpu);
  const namespace = requiredText(metadata, "namespace");
  const name = requiredText(metadata, "name");
  return {
    namespace,
    name,
    uid: requiredText(metadata, "uid"),
    staticPodHash: text(annotations, STATIC_POD_HASH_ANNOTATION),
    resourceVersion: requiredText(metadata, "resourceVersion"),
    nodeName: text(spec, "nodeName"),
    phase: text(field(object, "status"), "phase") ?? "Unknown",
    terminating: text(metadata, "deletionTimestamp") !== undefined,
    powerLimit: text(annotations, POWER_LIMIT_ANNOTATION),
    powerGrant: text(annotations, POWER_GRANT_ANNOTATION),
    gpuContainers: gpuContainers.map((container) =>
      text(container, "name") ?? ""
    ).sort(),
    gated: gpuContainers.length > 0 && gpuContainers.every(startsThroughGate),
  };
}

/**
 * Whether a pod asks to be capped. The key alone decides: an empty or garbled value still opts in, so that the safe
 * default protects it; a pod without the key is never touched (`SPEC.md` §9).
 */
export function isOptedIn(pod: Pick<Pod, "powerLimit">): boolean {
  return pod.powerLimit !== undefined;
}

/** Whether a pod has ended for good: its containers run no more and never will. */
export function hasEnded(pod: Pod): boolean {
  return pod.phase === "Succeeded" || pod.phase === "Failed";
}

/** A container guards its start when its command is `…/wattkeeper[-agent] gate … -- COMMAND`. */
function startsThroughGate(container: unknown): boolean {
  const [program, command, ...rest] = texts(field(container, "command"));
  const args = [...rest, ...texts(field(container, "args"))];
  return program !== undefined &&
    /(?:^|\/)wattkeeper(?:-agent|-gate)?$/.test(program) &&
    command === "gate" && args.includes("--") && args.at(-1) !== "--";
}

function asksForGpu(container: unknown): boolean {
  const resources = field(container, "resources");
  return [field(resources, "limits"), field(resources, "requests")].some(
    (amounts) =>
      isRecord(amounts) &&
      Object.entries(amounts).some(([resource, amount]) =>
        GPU_RESOURCE.test(resource) && `${amount}` !== "0"
      ),
  );
}

function containersOf(spec: unknown): unknown[] {
  return [field(spec, "containers"), field(spec, "initContainers")].flatMap(
    (list) => Array.isArray(list) ? list : [],
  );
}

function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((entry) => typeof entry === "string")
    : [];
}

function requiredText(parent: unknown, name: string): string {
  const value = text(parent, name);
  if (value === undefined || value === "") {
    throw new MalformedObjectError(`The object has no metadata.${name}.`);
  }
  return value;
}

function text(parent: unknown, name: string): string | undefined {
  const value = field(parent, name);
  return typeof value === "string" ? value : undefined;
}

function field(parent: unknown, name: string): unknown {
  return isRecord(parent) && Object.hasOwn(parent, name)
    ? parent[name]
    : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
