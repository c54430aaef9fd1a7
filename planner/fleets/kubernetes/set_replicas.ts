/** Sets the replicas of one component, or fences its scaler (P97–P99, C13). @module */

import {
  type ApiClient,
  ApiError,
  type JsonPatchOperation,
  LEASE_EPOCH_ANNOTATION,
  PLANNER_FIELD_MANAGER,
} from "../../../cluster/mod.ts";
import type { Step, StepOutcome } from "../../core/mod.ts";
import { textAt } from "./object_fields.ts";
import { outcomeOf } from "./outcome.ts";
import type { Scaler, SpecPatch } from "./scaler.ts";

type ScaleStep = Extract<Step, { readonly kind: "scale" }>;
type Writer = Pick<ApiClient, "get" | "jsonPatch" | "mergePatch">;

/** What the API takes as replicas. */
const MOST_REPLICAS = 2_147_483_647;
const MANAGER = `fieldManager=${PLANNER_FIELD_MANAGER}`;

/** What a scale step is carried out with. */
export interface SetReplicasInput {
  readonly api: Writer;
  readonly step: ScaleStep;
  /** Undefined: the side is not there. */
  readonly scaler: Scaler | undefined;
  /** Who else scales it. */
  readonly scaledBy: string | undefined;
  readonly signal: AbortSignal;
}

/** Sends it. Never throws. */
export async function setReplicas(
  { api, step, scaler, scaledBy, signal }: SetReplicasInput,
): Promise<StepOutcome> {
  if (!scaler) return { kind: "gone" };
  const { replicas, resourceVersion, fenceEpoch } = step;
  if (
    !Number.isSafeInteger(replicas) || replicas < 0 || replicas > MOST_REPLICAS
  ) {
    return {
      kind: "refused",
      reason: `${replicas} is no number of replicas.`,
    };
  }
  if (scaledBy !== undefined) {
    return { kind: "refused", reason: `${scaledBy}: two would fight.` };
  }
  if (scaler.kind === "none") {
    return { kind: "refused", reason: scaler.reason };
  }
  if (
    resourceVersion !== undefined && scaler.resourceVersion !== resourceVersion
  ) {
    return {
      kind: "conflict",
      reason:
        `The scaler is at version ${scaler.resourceVersion}, not ${resourceVersion}.`,
    };
  }
  try {
    if (fenceEpoch !== undefined) {
      await fence(api, scaler, fenceEpoch, signal);
      return { kind: "done" };
    }
    return scaler.kind === "patch"
      ? await patchSpec(api, scaler.patch, replicas, signal)
      : await scale(api, scaler, replicas, signal);
  } catch (error) {
    return outcomeOf(error);
  }
}

/** Through the subresource; where it is optional, 404 falls back to the deployment's spec (P98). */
async function scale(
  api: Writer,
  scaler: Extract<Scaler, { readonly kind: "subresource" }>,
  replicas: number,
  signal: AbortSignal,
): Promise<StepOutcome> {
  try {
    await api.mergePatch(`${scaler.path}/scale?${MANAGER}`, {
      metadata: { resourceVersion: scaler.resourceVersion },
      spec: { replicas },
    }, signal);
    return { kind: "done" };
  } catch (error) {
    if (
      !(error instanceof ApiError) || error.status !== 404 || !scaler.fallback
    ) throw error;
    return await patchSpec(api, scaler.fallback, replicas, signal);
  }
}

/** Only on the version and the component that were read (P99). */
async function patchSpec(
  api: Writer,
  { path, resourceVersion, pointer, found }: SpecPatch,
  replicas: number,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const operations: JsonPatchOperation[] = [
    {
      op: "test",
      path: "/metadata/resourceVersion",
      value: resourceVersion,
    },
    { op: "test", path: pointer, value: found },
    { op: "add", path: `${pointer}/replicas`, value: replicas },
  ];
  try {
    await api.jsonPatch(`${path}?${MANAGER}`, operations, signal);
    return { kind: "done" };
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== "invalid") throw error;
    // A failed test and a refused value have the same status (422).
    const version = textAt(
      await api.get(path, signal),
      "metadata",
      "resourceVersion",
    );
    return version === resourceVersion
      ? { kind: "refused", reason: error.message }
      : {
        kind: "conflict",
        reason:
          `The deployment is at version ${version}, not ${resourceVersion}.`,
      };
  }
}

/** Moves the object's version with the number unchanged, so that writes of earlier leaders die. */
async function fence(
  api: Writer,
  scaler: Exclude<Scaler, { readonly kind: "none" }>,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const path = scaler.kind === "patch" ? scaler.patch.path : scaler.path;
  await api.mergePatch(`${path}?${MANAGER}`, {
    metadata: {
      resourceVersion: scaler.resourceVersion,
      annotations: { [LEASE_EPOCH_ANNOTATION]: `${epoch}` },
    },
  }, signal);
}
