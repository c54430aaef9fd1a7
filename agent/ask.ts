/** What one pod asks of the GPU it is on, read from its annotations and held against the record. Pure. @module */

import {
  compareGenerations,
  formatGeneration,
  isOptedIn,
  parseGrant,
  parsePowerLimit,
} from "../cluster/portable.ts";
import type { Owner } from "./entry.ts";
import type { Generation, OwningPod, Pod } from "./ports.ts";

/** What a pod asks for. */
export type Ask =
  /** A grant above the record: to be applied (C18). */
  | {
    readonly kind: "grant";
    readonly watts: number;
    readonly generation: Generation;
  }
  /** An annotation of a pod that lives without grants. */
  | { readonly kind: "annotation"; readonly watts: number }
  /** The grant on record, or an older one: nothing new. */
  | { readonly kind: "settled"; readonly reason: string }
  /** Waits for the planner: gate without grant, claim without permission, nothing annotated yet. */
  | { readonly kind: "waiting"; readonly reason: string }
  /** Annotations that C18 does not let through: the limit is left alone. */
  | { readonly kind: "ignored"; readonly reason: string }
  /** Opted in with a value that is no watts: the safe default protects it, when nothing does yet. */
  | { readonly kind: "unusable"; readonly reason: string }
  /** Never asked to be capped. */
  | { readonly kind: "bystander" };

/**
 * Reads a pod's wish.
 *
 * A pod that has the gate, or that has ever been granted, is moved by newer grants alone (C18): an annotation beside
 * or without its grant is somebody else's. Others follow the table of `SPEC.md` §9.
 *
 * @param placed who says that the pod is on this GPU: C18 takes the kubelet's word only
 * @param known what the record has about this UID on this GPU
 */
export function askOf(
  pod: Pod,
  placed: OwningPod["evidence"],
  known: Owner | undefined,
): Ask {
  if (
    pod.powerGrant === undefined && (pod.gated || known?.generation)
  ) {
    return pod.powerLimit === undefined
      ? { kind: "waiting", reason: "The pod has no grant yet." }
      : {
        kind: "ignored",
        reason: "The power limit has no grant beside it (C18).",
      };
  }
  if (pod.powerGrant !== undefined) return grantOf(pod, placed, known);
  if (!isOptedIn(pod) || pod.powerLimit === undefined) {
    return { kind: "bystander" };
  }
  const watts = parsePowerLimit(pod.powerLimit);
  return watts === undefined
    ? { kind: "unusable", reason: unusable(pod.powerLimit) }
    : { kind: "annotation", watts };
}

function grantOf(
  pod: Pod,
  placed: OwningPod["evidence"],
  known: Owner | undefined,
): Ask {
  const reading = parseGrant(pod.powerGrant ?? "");
  const refuse = (reason: string): Ask => ({ kind: "ignored", reason });
  if (reading.kind === "malformed") {
    return refuse(`The grant is unreadable: ${reading.problem}.`);
  }
  const { grant } = reading;
  const name = formatGeneration(grant.generation);
  if (grant.podUid !== pod.uid) {
    return refuse(`The grant ${name} is for pod UID "${grant.podUid}".`);
  }
  if (grant.watts === 0) {
    return pod.powerLimit === undefined
      ? { kind: "waiting", reason: `The claim ${name} permits nothing yet.` }
      : refuse(`The claim ${name} has a power limit beside it.`);
  }
  if (pod.powerLimit === undefined) {
    return refuse(`The grant ${name} has no power limit beside it.`);
  }
  if (parsePowerLimit(pod.powerLimit) !== grant.watts) {
    return refuse(
      `The grant ${name} says ${grant.watts} W, the power limit "${
        shown(pod.powerLimit)
      }".`,
    );
  }
  if (known?.generation) {
    const order = compareGenerations(grant.generation, known.generation);
    const recorded = formatGeneration(known.generation);
    if (order === 0) {
      return { kind: "settled", reason: "" };
    }
    if (order < 0) {
      return {
        kind: "settled",
        reason: `The grant ${name} is older than ${recorded} on record.`,
      };
    }
  }
  if (placed === "processes") {
    return {
      kind: "waiting",
      reason: `The kubelet does not place the pod here; ${name} waits.`,
    };
  }
  return { kind: "grant", watts: grant.watts, generation: grant.generation };
}

function unusable(value: string): string {
  return `The power limit "${
    shown(value)
  }" is not whole decimal watts above 0.`;
}

/** An annotation may hold a quarter of a megabyte. */
function shown(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}
