/** The state file's text: versioned, checksummed, and read with suspicion. @module */

import type { Applied, CapCause, GpuEntry, Intent, Owner } from "./entry.ts";
import { parseGeneration } from "../cluster/mod.ts";

/** Everything that survives the process. */
export interface DurableState {
  /** Grows with every write; the highest valid one counts. */
  readonly revision: number;
  readonly entries: readonly GpuEntry[];
  /** No report with a sequence at or above this has been sent (C19). */
  readonly sequenceCeiling: number;
}

export const EMPTY_STATE: DurableState = {
  revision: 0,
  entries: [],
  sequenceCeiling: 0,
};

const FORMAT = "wattkeeper-agent-state";
const VERSION = 1;

/** What a text turned out to be. */
export type StateReading =
  | { readonly kind: "state"; readonly state: DurableState }
  | { readonly kind: "bad"; readonly problem: string };

/** Text of a state: a head with the checksum of the body, then the body, one line each. */
export async function encodeState(state: DurableState): Promise<string> {
  const body = JSON.stringify(state);
  const head = JSON.stringify({
    format: FORMAT,
    version: VERSION,
    sha256: await sha256(body),
  });
  return `${head}\n${body}\n`;
}

/** Reads a text. Any doubt makes the whole of it bad: half a record is worse than none. */
export async function decodeState(text: string): Promise<StateReading> {
  const bad = (problem: string): StateReading => ({ kind: "bad", problem });
  const [headText, body, end] = text.split("\n");
  if (headText === undefined || body === undefined || end !== "") {
    return bad("the file is cut short");
  }
  const head = parse(headText);
  if (!isRecord(head) || head.format !== FORMAT) {
    return bad("it is not a state of this agent");
  }
  if (head.version !== VERSION) {
    return bad(`version ${String(head.version)} is not ${VERSION}`);
  }
  if (head.sha256 !== await sha256(body)) {
    return bad("the checksum does not match");
  }
  try {
    return { kind: "state", state: stateOf(parse(body)) };
  } catch (error) {
    return bad(error instanceof Error ? error.message : "it is malformed");
  }
}

function stateOf(value: unknown): DurableState {
  const { revision, entries, sequenceCeiling } = record(value, "state");
  if (!Array.isArray(entries)) throw new TypeError("entries are no list");
  const read = entries.map(entryOf);
  if (new Set(read.map(({ uuid }) => uuid)).size !== read.length) {
    throw new TypeError("a GPU is there twice");
  }
  return {
    revision: count(revision, "revision"),
    entries: read,
    sequenceCeiling: count(sequenceCeiling, "sequenceCeiling"),
  };
}

function entryOf(value: unknown): GpuEntry {
  const { uuid, beforeWatts, applied, intent, leftWatts } = record(
    value,
    "entry",
  );
  return {
    uuid: text(uuid, "uuid"),
    ...(beforeWatts === undefined
      ? {}
      : { beforeWatts: watts(beforeWatts, "beforeWatts") }),
    ...(applied === undefined ? {} : { applied: appliedOf(applied) }),
    ...(intent === undefined ? {} : { intent: intentOf(intent) }),
    ...(leftWatts === undefined
      ? {}
      : { leftWatts: watts(leftWatts, "leftWatts") }),
  };
}

const CAUSES: readonly CapCause[] = [
  "grant",
  "annotation",
  "conflict",
  "safe_default",
  "prearm",
  "adopted",
];

function appliedOf(value: unknown): Applied {
  const fields = record(value, "applied");
  const cause = CAUSES.find((known) => known === fields.cause);
  if (!cause) throw new TypeError("applied.cause is not known");
  return {
    cause,
    owners: owners(fields.owners),
    watts: watts(fields.watts, "applied.watts"),
    bootId: text(fields.bootId, "applied.bootId"),
  };
}

function intentOf(value: unknown): Intent {
  const fields = record(value, "intent");
  if (fields.kind !== "cap" && fields.kind !== "release") {
    throw new TypeError("intent.kind is not known");
  }
  return {
    kind: fields.kind,
    watts: watts(fields.watts, "intent.watts"),
    owners: owners(fields.owners),
  };
}

function owners(value: unknown): Owner[] {
  if (!Array.isArray(value)) throw new TypeError("owners are no list");
  return value.map((one) => {
    const owner = record(one, "owner");
    const generation = owner.generation === undefined
      ? undefined
      : record(owner.generation, "generation");
    return {
      uid: text(owner.uid, "owner.uid"),
      namespace: text(owner.namespace, "owner.namespace"),
      name: text(owner.name, "owner.name"),
      watts: owner.watts === 0 ? 0 : watts(owner.watts, "owner.watts"),
      gated: owner.gated === true,
      ...(generation ? { generation: generationOf(generation) } : {}),
      ...(owner.openedBoot === undefined
        ? {}
        : { openedBoot: text(owner.openedBoot, "owner.openedBoot") }),
    };
  });
}

function generationOf(value: Record<string, unknown>) {
  const generation = parseGeneration(`${value.epoch}.${value.sequence}`);
  if (!generation) throw new TypeError("a generation is malformed");
  return generation;
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`${name} is no object`);
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw new TypeError(`${name} is no text`);
  return value;
}

function count(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || typeof value !== "number" || value < 0) {
    throw new TypeError(`${name} is no count`);
  }
  return value;
}

function watts(value: unknown, name: string): number {
  if (typeof value !== "number" || !(value > 0) || value > 1e6) {
    throw new TypeError(`${name} are no watts`);
  }
  return value;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

async function sha256(textToHash: string): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(textToHash),
  );
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}
