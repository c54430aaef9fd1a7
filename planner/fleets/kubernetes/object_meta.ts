/** Identity of an API object, and who has set its replicas. Pure. @module */

import { at, isRecord, listAt, textAt, textsAt } from "./object_fields.ts";
import { PAUSED_ANNOTATION } from "./names.ts";

/** Metadata that decisions hang on. */
export interface ObjectMeta {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counts changes of the spec; undefined where the object has none. */
  readonly generation: number | undefined;
  readonly deleting: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `wattkeeper.dev/paused: "true"`. */
  readonly paused: boolean;
  /** Manager that has written the replicas last. */
  readonly replicasSetBy: string | undefined;
}

/** Reads `metadata`; what is missing is empty text, which equals nothing that exists. */
export function objectMeta(object: unknown): ObjectMeta {
  const metadata = at(object, "metadata");
  const annotations = textsAt(metadata, "annotations");
  const generation = at(metadata, "generation");
  return {
    namespace: textAt(metadata, "namespace") ?? "",
    name: textAt(metadata, "name") ?? "",
    uid: textAt(metadata, "uid") ?? "",
    resourceVersion: textAt(metadata, "resourceVersion") ?? "",
    generation: typeof generation === "number" ? generation : undefined,
    deleting: at(metadata, "deletionTimestamp") !== undefined,
    labels: textsAt(metadata, "labels"),
    annotations,
    paused: annotations[PAUSED_ANNOTATION] === "true",
    replicasSetBy: managerOf(metadata, ["f:spec", "f:replicas"]),
  };
}

/** The manager of a field by `managedFields`; the newest where several share it. */
export function managerOf(
  metadata: unknown,
  field: readonly string[],
): string | undefined {
  let newest: { readonly manager: string; readonly time: string } | undefined;
  for (const entry of listAt(metadata, "managedFields")) {
    if (at(entry, "fieldsV1", ...field) === undefined) continue;
    const manager = textAt(entry, "manager") ?? "an unnamed manager";
    const time = textAt(entry, "time") ?? "";
    if (newest === undefined || time >= newest.time) newest = { manager, time };
  }
  return newest?.manager;
}

/** The controller among the owner references. */
export function controllerOf(object: unknown): unknown {
  return listAt(object, "metadata", "ownerReferences").find((owner) =>
    isRecord(owner) && owner["controller"] === true
  );
}

/** The group of an `apiVersion`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}
