/** One kind of worker as whatever runs it says: a component of a DGD, or a plain workload. @module */

import type { Scaler } from "./scaler.ts";

/** What a component is, by its own word. `untyped`: it does not say. */
export type ComponentRole =
  | "prefill"
  | "decode"
  | "worker"
  | "frontend"
  | "other"
  | "untyped";

/** Replicas as the status counts them; absent: the status says nothing. */
export interface ReplicaCounts {
  /** All that are there, old ones too. */
  readonly replicas: number | undefined;
  /** Of the newest template. */
  readonly updated: number | undefined;
  /** What serves: available if present, even 0, else ready (P94). */
  readonly serving: number | undefined;
}

/** One component. */
export interface Component {
  readonly name: string;
  readonly role: ComponentRole;
  readonly counts: ReplicaCounts;
  /** The status is of an older generation than the spec. */
  readonly lagging: boolean;
  readonly rolloutFailed: boolean;
  /** Something is being rolled out by the status' own word. */
  readonly rollingOut: boolean;
  /** GPUs of one replica over all its pods; undefined where nothing says so. */
  readonly gpusPerReplica: number | undefined;
  /** Pods of one replica. */
  readonly podsPerReplica: number;
  /** Cap on the pod template, watts a GPU. */
  readonly authoredCapWatts: number | undefined;
  /** Labels that a node must have to run its pods; empty: any node. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly modelName: string | undefined;
  /** Names in the runtime's own registry (P92). */
  readonly runtimeComponent: string | undefined;
  readonly runtimeNamespace: string | undefined;
  /** Slices or shares of GPUs that its template asks for. */
  readonly partialGpus: readonly string[];
  readonly scaler: Scaler;
  readonly problems: readonly string[];
}

/** An object that Events are about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}
