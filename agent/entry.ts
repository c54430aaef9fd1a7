/** What the agent remembers about one GPU, durably: whose cap it is, what it was before, what is under way. @module */

import type { Generation } from "./ports.ts";

/** A pod that has, or last had, a GPU. */
export interface Owner {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Watts its grant or annotation asks for; 0 when the cap was not its own wish (safe default, conflict). */
  readonly watts: number;
  /** Newest generation applied for this UID; absent for a pod that lives without grants. */
  readonly generation?: Generation;
  /** Its starts pass the gate (C21). */
  readonly gated: boolean;
  /** Boot in which a start of this pod was let through its gate; absent when none ever was. */
  readonly openedBoot?: string;
}

/** Where a cap came from. */
export type CapCause =
  | "grant"
  | "annotation"
  | "conflict"
  | "safe_default"
  | "prearm"
  /** Found on the hardware or in the reference agent's file, and taken over. */
  | "adopted";

/** A cap that was set, read back and made durable (C19). A wish after another boot, never evidence (C20). */
export interface Applied {
  readonly cause: CapCause;
  readonly owners: readonly Owner[];
  /** The limit on the hardware, watts, after clamping. */
  readonly watts: number;
  /** Boot in which it was read back. */
  readonly bootId: string;
}

/** A write that was begun: durable before the device is touched, so that no crash strands what it left there. */
export interface Intent {
  readonly kind: "cap" | "release";
  readonly watts: number;
  readonly owners: readonly Owner[];
}

/** All that is remembered about one GPU. An entry without `applied` and `intent` is not kept. */
export interface GpuEntry {
  readonly uuid: string;
  /** The limit before our first cap, watts; absent when unknown: then a release goes to the device's default. */
  readonly beforeWatts?: number;
  readonly applied?: Applied;
  readonly intent?: Intent;
  /** What the device made of the cap when it was set again (C20), watts: ours to give back, and no cap to be held. */
  readonly leftWatts?: number;
}

/** Owners that an entry speaks for: of the cap, and of a write that may have landed; each UID once. */
export function ownersOf(entry: GpuEntry | undefined): readonly Owner[] {
  const applied = entry?.applied?.owners ?? [];
  const more = (entry?.intent?.owners ?? []).filter((owner) =>
    !applied.some(({ uid }) => uid === owner.uid)
  );
  return more.length === 0 ? applied : [...applied, ...more];
}

/** Watts that we may have left on the hardware. */
export function ourWatts(entry: GpuEntry): number[] {
  return [entry.applied?.watts, entry.intent?.watts, entry.leftWatts].filter(
    (watts) => watts !== undefined,
  );
}

/** Whether two limits are the same: devices answer in milliwatts. */
export function sameWatts(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.001;
}
