/** How many GPUs a pod asks for, and of what kind: whole devices, slices, or shares of one. Pure. @module */

import { at, isRecord, listAt, textAt } from "./object_fields.ts";

/** What a pod, or the template of one, asks for. */
export interface GpuRequest {
  /** Whole GPUs of the pod at any one time. */
  readonly gpus: number;
  /** Resources that are slices or shares of a GPU: MIG profiles, `nvidia.com/gpu.shared`. */
  readonly partial: readonly string[];
  /** GPUs may come from resource claims, whose devices the pod does not count. */
  readonly claims: boolean;
  /** What could not be read, one sentence each. */
  readonly problems: readonly string[];
}

const WHOLE = "nvidia.com/gpu";
const PARTIAL = /^nvidia\.com\/(?:mig-.+|gpu\.shared)$/;

/**
 * Reads a pod's `spec`. Containers and sidecars run side by side; an init container runs alone with the sidecars that
 * were started before it, and the device plugin gives its GPUs on.
 */
export function gpuRequest(spec: unknown): GpuRequest {
  const problems: string[] = [];
  const partial = new Set<string>();
  const gpusOf = (container: unknown) =>
    gpusOfContainer(container, partial, problems);
  let sidecars = 0;
  let most = 0;
  for (const container of listAt(spec, "initContainers")) {
    const gpus = gpusOf(container);
    if (textAt(container, "restartPolicy") === "Always") sidecars += gpus;
    else most = Math.max(most, sidecars + gpus);
  }
  let running = sidecars;
  for (const container of listAt(spec, "containers")) {
    running += gpusOf(container);
  }
  return {
    gpus: Math.max(most, running),
    partial: [...partial].sort(),
    claims: listAt(spec, "resourceClaims").length > 0,
    problems,
  };
}

/** Limits, else requests: for devices both are the same, and one may be left out. */
function gpusOfContainer(
  container: unknown,
  partial: Set<string>,
  problems: string[],
): number {
  let gpus = 0;
  const limits = at(container, "resources", "limits");
  const requests = at(container, "resources", "requests");
  const amounts = {
    ...(isRecord(requests) ? requests : {}),
    ...(isRecord(limits) ? limits : {}),
  };
  for (const [resource, amount] of Object.entries(amounts)) {
    const isWhole = resource === WHOLE;
    if (!isWhole && !PARTIAL.test(resource)) continue;
    const count = wholeQuantity(amount);
    if (count === undefined) {
      problems.push(
        `Container "${textAt(container, "name") ?? ""}" asks for ${resource}: ${
          shortly(amount)
        }, which is no whole number.`,
      );
    } else if (isWhole) gpus += count;
    else if (count > 0) partial.add(resource);
  }
  return gpus;
}

/** A quantity of devices: `8`, `"8"`. */
export function wholeQuantity(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  }
  return typeof value === "string" && /^\d{1,6}$/.test(value)
    ? Number(value)
    : undefined;
}

function shortly(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 40);
}
