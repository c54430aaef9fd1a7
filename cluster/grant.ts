/** The grant: the planner's word to one pod, as one annotation (`cap-protocol.md` §2). @module */

import {
  formatGeneration,
  type Generation,
  parseGeneration,
} from "./generation.ts";
import { MAX_WATTS, parseWholeWatts } from "./watts.ts";

/** A grant, or with `watts` 0 a claim: the planner knows the pod and permits nothing. */
export interface Grant {
  /** UID of the pod the grant is for; a copy on another pod is worth nothing (C18). */
  readonly podUid: string;
  readonly generation: Generation;
  /** Watts per GPU; 0 is a claim, without permission and without a limit annotation. */
  readonly watts: number;
  /** Watts per GPU the hardware may be at until this generation is confirmed (C6); 0 for a pod's first claim. */
  readonly boundWatts: number;
}

/** What reading a grant annotation gives. */
export type GrantReading =
  | { readonly kind: "grant"; readonly grant: Grant }
  | { readonly kind: "malformed"; readonly problem: string };

const UID = /^[0-9a-zA-Z-]{1,64}$/;

/** `v1 <podUID> <epoch>.<sequence> <watts> <boundWatts>`, decimal. */
export function formatGrant(grant: Grant): string {
  return `v1 ${grant.podUid} ${
    formatGeneration(grant.generation)
  } ${grant.watts} ${grant.boundWatts}`;
}

/**
 * Reads a grant annotation, strictly: one space between fields, plain decimals, nothing before or after.
 *
 * @example
 * ```ts
 * parseGrant("v1 9b1c-uid 5.3 300 500");
 * ```
 */
export function parseGrant(text: string): GrantReading {
  const malformed = (problem: string): GrantReading => ({
    kind: "malformed",
    problem,
  });
  const [version, podUid, generationText, wattsText, boundText, ...rest] = text
    .slice(0, 256).split(" ");
  if (version !== "v1") {
    return malformed(`version is "${version ?? ""}", this agent reads "v1"`);
  }
  if (podUid === undefined || !UID.test(podUid)) {
    return malformed("the pod UID is missing or malformed");
  }
  const generation = parseGeneration(generationText ?? "");
  if (!generation) {
    return malformed("the generation is not <epoch>.<sequence>");
  }
  const watts = parseWholeWatts(wattsText ?? "");
  if (watts === undefined) {
    return malformed(`watts are not whole decimal watts up to ${MAX_WATTS}`);
  }
  const boundWatts = parseWholeWatts(boundText ?? "");
  if (boundWatts === undefined) {
    return malformed(
      `boundWatts are not whole decimal watts up to ${MAX_WATTS}`,
    );
  }
  if (rest.length > 0 || text.length > 256) {
    return malformed("there is text after boundWatts");
  }
  if (boundWatts < watts) {
    return malformed("boundWatts are below watts");
  }
  return { kind: "grant", grant: { podUid, generation, watts, boundWatts } };
}
