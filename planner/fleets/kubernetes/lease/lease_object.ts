/** The planner's Lease as an object of the API (`cap-protocol.md` §2). Pure. @module */

import {
  LEASE_BUDGET_ANNOTATION,
  LEASE_EPOCH_ANNOTATION,
} from "../../../../cluster/mod.ts";
import { at, countAt, isRecord, textAt, textsAt } from "../object_fields.ts";

/** A Lease as read. */
export interface LeaseRecord {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Undefined: nobody holds it. */
  readonly holder: string | undefined;
  readonly transitions: number;
  readonly epoch: number;
  readonly budgetWatts: number | undefined;
  /** How long a holder that does not renew keeps it, by its own word, milliseconds. */
  readonly durationMs: number;
  /** What else is in the object, to be written back. */
  readonly found: Readonly<Record<string, unknown>>;
}

/** A foreign Lease says how long it lasts; nobody is believed more than this, milliseconds. */
const LONGEST_MS = 60_000;
/** Budgets in Leases go over whole fleets: more digits than one GPU's watts. */
const BUDGET = /^(?:0|[1-9]\d{0,11})$/;

/** Reads one; what is not readable is as if it were not there. */
export function readLease(object: unknown, usualMs: number): LeaseRecord {
  const annotations = textsAt(object, "metadata", "annotations");
  const seconds = countAt(object, "spec", "leaseDurationSeconds");
  return {
    uid: textAt(object, "metadata", "uid") ?? "",
    resourceVersion: textAt(object, "metadata", "resourceVersion") ?? "",
    holder: textAt(object, "spec", "holderIdentity"),
    transitions: countAt(object, "spec", "leaseTransitions") ?? 0,
    epoch: epochOf(annotations[LEASE_EPOCH_ANNOTATION]),
    budgetWatts: budgetOf(annotations[LEASE_BUDGET_ANNOTATION]),
    durationMs: Math.min(
      LONGEST_MS,
      Math.max(usualMs, (seconds ?? 0) * 1000),
    ),
    found: isRecord(object) ? object : {},
  };
}

/** What is to stand in it. */
export interface LeaseWish {
  readonly namespace: string;
  readonly name: string;
  /** Undefined: given up. */
  readonly holder: string | undefined;
  readonly transitions: number;
  readonly epoch: number;
  readonly budgetWatts: number | undefined;
  readonly durationMs: number;
  /** Wall time, milliseconds since 1970; for people only, nobody judges by it. */
  readonly wallMs: number;
  /** The holder is another than before. */
  readonly acquired: boolean;
}

/** The object to write; fields of others stay as they were found. */
export function leaseObject(
  wish: LeaseWish,
  before: LeaseRecord | undefined,
): unknown {
  const { epoch, budgetWatts } = wish;
  const annotations: Record<string, string> = {
    ...textsAt(before?.found, "metadata", "annotations"),
  };
  if (epoch > 0) annotations[LEASE_EPOCH_ANNOTATION] = `${epoch}`;
  if (budgetWatts !== undefined) {
    annotations[LEASE_BUDGET_ANNOTATION] = `${budgetWatts}`;
  } else delete annotations[LEASE_BUDGET_ANNOTATION];
  const now = microTime(wish.wallMs);
  const spec = at(before?.found, "spec");
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      labels: {
        ...textsAt(before?.found, "metadata", "labels"),
        "app.kubernetes.io/managed-by": "wattkeeper",
      },
      namespace: wish.namespace,
      name: wish.name,
      annotations,
      ...(before ? { resourceVersion: before.resourceVersion } : {}),
    },
    spec: {
      ...(isRecord(spec) ? spec : {}),
      holderIdentity: wish.holder ?? "",
      leaseDurationSeconds: wish.holder === undefined
        ? 1
        : Math.max(1, Math.round(wish.durationMs / 1000)),
      renewTime: now,
      ...(wish.acquired ? { acquireTime: now } : {}),
      leaseTransitions: wish.transitions,
    },
  };
}

function epochOf(text: string | undefined): number {
  return text !== undefined && /^(?:0|[1-9]\d{0,14})$/.test(text)
    ? Number(text)
    : 0;
}

function budgetOf(text: string | undefined): number | undefined {
  return text !== undefined && BUDGET.test(text) ? Number(text) : undefined;
}

/** `metav1.MicroTime`. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}
