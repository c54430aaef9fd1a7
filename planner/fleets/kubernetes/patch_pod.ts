/** The patch of one pod: both annotations at once, only on the version that was read (C5). @module */

import {
  type ApiClient,
  ApiError,
  formatGrant,
  type JsonPatchOperation,
  PLANNER_FIELD_MANAGER,
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../../cluster/mod.ts";
import type { Step, StepOutcome } from "../../core/mod.ts";
import { textAt } from "./object_fields.ts";
import { outcomeOf } from "./outcome.ts";
import { pointerPart } from "./scaler.ts";
import type { WatchedPod } from "./watched_pod.ts";

type PatchStep = Extract<Step, { readonly kind: "patch" }>;

/** The operations; `known` is the pod in the version that the patch is for. */
export function patchOperations(
  { pod, grant }: PatchStep,
  known: Pick<WatchedPod, "pod" | "hasAnnotations">,
): readonly JsonPatchOperation[] {
  const limit = `/metadata/annotations/${pointerPart(POWER_LIMIT_ANNOTATION)}`;
  const operations: JsonPatchOperation[] = [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    {
      op: "test",
      path: "/metadata/resourceVersion",
      value: pod.resourceVersion,
    },
  ];
  if (!known.hasAnnotations) {
    operations.push({ op: "add", path: "/metadata/annotations", value: {} });
  }
  operations.push({
    op: "add",
    path: `/metadata/annotations/${pointerPart(POWER_GRANT_ANNOTATION)}`,
    value: formatGrant(grant),
  });
  if (grant.watts > 0) {
    operations.push({ op: "add", path: limit, value: `${grant.watts}` });
  } else if (known.pod.powerLimit !== undefined) {
    operations.push({ op: "remove", path: limit });
  }
  return operations;
}

/** What a patch is sent with. */
export interface PatchPodInput {
  readonly api: Pick<ApiClient, "get" | "jsonPatch">;
  readonly step: PatchStep;
  /** The pod as it is known. */
  readonly known: WatchedPod | undefined;
  /** Called with the pod as the server has answered it: newer than what a watch has shown. */
  readonly seen: (object: unknown) => void;
  readonly signal: AbortSignal;
}

/** Sends it. Never throws. */
export async function patchPod(input: PatchPodInput): Promise<StepOutcome> {
  const { api, step, known, seen, signal } = input;
  if (!known) return { kind: "gone" };
  const { pod } = step;
  // One that terminates may be gone by now: only the server knows.
  if (
    known.pod.resourceVersion !== pod.resourceVersion && !known.pod.terminating
  ) {
    return moved(known.pod.resourceVersion, pod.resourceVersion);
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${
    encodeURIComponent(pod.name)
  }`;
  try {
    seen(
      await api.jsonPatch(
        `${path}?fieldManager=${PLANNER_FIELD_MANAGER}`,
        patchOperations(step, known),
        signal,
      ),
    );
    return { kind: "done" };
  } catch (error) {
    return error instanceof ApiError && error.kind === "invalid"
      ? await whyInvalid(input, path, error)
      : outcomeOf(error);
  }
}

/** A failed `test` and a refused value have the same status (422): the pod as it is now tells them apart. */
async function whyInvalid(
  { api, step: { pod }, seen, signal }: PatchPodInput,
  path: string,
  error: ApiError,
): Promise<StepOutcome> {
  try {
    const object = await api.get(path, signal);
    if (textAt(object, "metadata", "uid") !== pod.uid) return { kind: "gone" };
    seen(object);
    const version = textAt(object, "metadata", "resourceVersion") ?? "none";
    return version === pod.resourceVersion
      ? { kind: "refused", reason: error.message }
      : moved(version, pod.resourceVersion);
  } catch (cause) {
    // The patch itself is certain not to have landed.
    return cause instanceof ApiError && cause.kind === "gone"
      ? { kind: "gone" }
      : { kind: "conflict", reason: error.message };
  }
}

function moved(found: string, wanted: string): StepOutcome {
  return {
    kind: "conflict",
    reason: `The pod is at version ${found}, not ${wanted}.`,
  };
}
