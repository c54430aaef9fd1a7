/** The wanted state that another orchestrator fetches: the newest word for each pod and side, with one generation. @module */

import { formatGrant } from "../../../cluster/mod.ts";
import type { FleetSnapshot, Side, Step } from "../../core/mod.ts";

interface WantedScale {
  readonly generation: number;
  readonly step: Extract<Step, { readonly kind: "scale" }>;
}
interface WantedPatch {
  readonly generation: number;
  readonly step: Extract<Step, { readonly kind: "patch" }>;
}

/** The wanted state. What concerns a pod that is not observed any more is dropped, so it never outgrows the fleet. */
export class Wanted {
  #generation = 0;
  readonly #scales = new Map<Side, WantedScale>();
  readonly #patches = new Map<string, WantedPatch>();

  get generation(): number {
    return this.#generation;
  }

  /** @returns the generation that says it */
  put(step: Exclude<Step, { readonly kind: "lease" }>): number {
    const generation = ++this.#generation;
    if (step.kind === "scale") {
      this.#scales.set(step.side, { generation, step });
    } else this.#patches.set(step.pod.uid, { generation, step });
    return generation;
  }

  /** A refused word is not wanted any more. */
  withdraw(generation: number): void {
    for (const [side, one] of this.#scales) {
      if (one.generation === generation) this.#scales.delete(side);
    }
    for (const [uid, one] of this.#patches) {
      if (one.generation === generation) this.#patches.delete(uid);
    }
  }

  forgetAbsent({ pods }: Pick<FleetSnapshot, "pods">): void {
    const there = new Set(pods.map(({ pod }) => pod.uid));
    for (const uid of this.#patches.keys()) {
      if (!there.has(uid)) this.#patches.delete(uid);
    }
  }

  /** As published; snake_case, units in names. */
  document(): Record<string, unknown> {
    return {
      generation: this.#generation,
      sides: Object.fromEntries(
        [...this.#scales].map(([side, { generation, step }]) => [side, {
          generation,
          replicas: step.replicas,
          from_replicas: step.fromReplicas ?? null,
          resource_version: step.resourceVersion ?? null,
          ...(step.fenceEpoch === undefined
            ? {}
            : { fence_epoch: step.fenceEpoch }),
        }]),
      ),
      pods: [...this.#patches.values()].map(({ generation, step }) => ({
        generation,
        namespace: step.pod.namespace,
        name: step.pod.name,
        uid: step.pod.uid,
        resource_version: step.pod.resourceVersion,
        power_limit: step.grant.watts > 0 ? `${step.grant.watts}` : null,
        power_grant: formatGrant(step.grant),
      })),
    };
  }
}
