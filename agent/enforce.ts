/** Makes one decision true on one GPU, in the order that survives crashes: intend, set, read back, record (C19). @module */

import type { EnforcementState } from "../cluster/mod.ts";
import type { DriftLog } from "./drift.ts";
import { type Applied, type GpuEntry, type Owner, sameWatts } from "./entry.ts";
import type { Clock, GpuLimits, Nvml, NvmlError } from "./ports.ts";
import type { Decision } from "./situation.ts";
import type { StateStore } from "./state.ts";

/** What became of a decision. */
export interface Outcome {
  readonly state: EnforcementState;
  readonly reason: string;
  /** The limits after all writes; undefined when they could not be read. */
  readonly limits: GpuLimits | undefined;
  /** The device was written to. */
  readonly wrote: boolean;
  /** A limit was lowered or a GPU freed: the report does not wait (C26). */
  readonly urgent: boolean;
  /** A write was refused by the device, or read back as something else. */
  readonly failed: boolean;
}

/** What enforcing needs. */
export interface Enforcement {
  readonly nvml: Nvml;
  readonly store: StateStore;
  readonly drift: DriftLog;
  readonly clock: Clock;
  readonly bootId: string;
  /** Decide and report, write nothing to any device. */
  readonly dryRun: boolean;
}

/** One GPU's decision, with what it was made from. */
export interface Task {
  readonly uuid: string;
  readonly decision: Decision;
  readonly limits: GpuLimits;
  /** What to remember as the limit before us, if this is our first cap; undefined: not to be trusted. */
  readonly beforeWatts: number | undefined;
}

/** Carries out a decision. Never throws for a device's or the disk's fault: the outcome says it. */
export async function enforce(
  task: Task,
  on: Enforcement,
): Promise<Outcome> {
  const { decision, limits } = task;
  const entry = on.store.entry(task.uuid);
  switch (decision.kind) {
    case "untouched":
      return settled(
        task,
        decision.occupancy === "unknown" && decision.reason !== ""
          ? "unknown"
          : "unmanaged",
      );
    case "refuse":
      return failure(limits, decision.reason);
    case "keep":
      return await hold(task, decision, entry, on);
    case "cap":
      if (entry?.applied && isRecorded(entry, decision, on.bootId)) {
        const held = {
          watts: entry.applied.watts,
          mayRaise: true,
          reason: decision.reason,
        };
        return await hold(task, held, entry, on);
      }
      return await cap(task, decision, entry, on);
    case "release":
      return entry
        ? await release(task, decision, entry, on)
        : settled(task, "released");
  }
}

/** The record says exactly this already, in this boot. */
function isRecorded(
  entry: GpuEntry,
  decision: Extract<Decision, { kind: "cap" }>,
  bootId: string,
): boolean {
  const { applied } = entry;
  return applied !== undefined && entry.intent === undefined &&
    applied.bootId === bootId && applied.cause === decision.cause &&
    accepts(decision.watts, applied.watts) &&
    JSON.stringify(applied.owners.map(essence)) ===
      JSON.stringify(decision.owners.map(essence));
}

function essence(owner: Owner) {
  return [owner.uid, owner.watts, owner.generation, owner.gated];
}

/** A device may round down by less than a watt; anything else is another limit. */
function accepts(wantedWatts: number, readWatts: number): boolean {
  const below = wantedWatts - readWatts;
  return below > -0.001 && below < 1;
}

/** Sees that a recorded cap still stands, and sets it again when it does not (C20). */
async function hold(
  task: Task,
  held: { watts: number; mayRaise: boolean; reason: string },
  entry: GpuEntry | undefined,
  on: Enforcement,
): Promise<Outcome> {
  const { uuid, decision, limits } = task;
  const now = limits.managementWatts;
  const applied = entry?.applied;
  const unknown = decision.occupancy === "unknown";
  const state = stateOf(decision, applied, unknown && !held.mayRaise);
  if (sameWatts(now, held.watts)) {
    const reboot = applied && applied.bootId !== on.bootId && !entry.intent;
    if (reboot && !on.dryRun) {
      await on.store.update(
        uuid,
        (e) =>
          e?.applied && { ...e, applied: { ...e.applied, bootId: on.bootId } },
      );
    }
    return { ...settled(task, state), reason: held.reason };
  }
  if (now < held.watts && !held.mayRaise) {
    return { ...settled(task, state), reason: held.reason };
  }
  if (on.dryRun) return dry(task, held.watts);
  const rebooted = applied !== undefined && applied.bootId !== on.bootId;
  if (!rebooted && !on.drift.found(uuid, now, on.clock.now())) {
    return failure(
      limits,
      `Another writer keeps setting ${now} W; ${held.watts} W is on record.`,
    );
  }
  const written = await writeAndRead(uuid, held.watts, on);
  if (!written.ok) {
    // Else a release would take what the device made of it for somebody else's.
    const left = written.taken ? written.limits?.managementWatts : undefined;
    if (left !== undefined && left !== entry?.leftWatts) {
      await on.store.update(
        uuid,
        (e) => e && { ...e, leftWatts: left },
      );
    }
    return failure(written.limits ?? limits, written.reason, true);
  }
  if (rebooted || entry?.leftWatts !== undefined) {
    await on.store.update(uuid, (e) => {
      if (!e) return e;
      const { leftWatts: _, ...rest } = e;
      return e.applied
        ? { ...rest, applied: { ...e.applied, bootId: on.bootId } }
        : rest;
    });
  }
  return {
    state,
    reason: held.reason ||
      `The limit was found at ${now} W and set to ${held.watts} W again.`,
    limits: written.limits,
    wrote: true,
    urgent: held.watts < now,
    failed: false,
  };
}

/** Brings a limit to a new value, for new owners, or under a new generation. */
async function cap(
  task: Task,
  decision: Extract<Decision, { kind: "cap" }>,
  entry: GpuEntry | undefined,
  on: Enforcement,
): Promise<Outcome> {
  const { uuid, limits } = task;
  const { watts, owners, cause } = decision;
  const now = limits.managementWatts;
  if (on.dryRun) return dry(task, watts);
  const lowering = watts < now;
  if (!sameWatts(now, watts)) {
    const unfit = await unfitness(task.uuid, watts, on);
    if (unfit !== undefined) return failure(limits, unfit);
  }
  const beforeWatts = entry ? entry.beforeWatts : task.beforeWatts;
  const intended = await on.store.update(uuid, (e) => ({
    ...(e ?? { uuid }),
    ...(beforeWatts === undefined ? {} : { beforeWatts }),
    intent: { kind: "cap", watts, owners },
  }));
  // What cannot be remembered is not begun; only a cap that is ours already is lowered all the same.
  if (!intended && !(entry && lowering)) {
    return failure(limits, `The record cannot be written: ${on.store.fault}.`);
  }
  let after: GpuLimits | undefined = limits;
  if (!sameWatts(now, watts)) {
    const written = await writeAndRead(uuid, watts, on);
    if (!written.ok) {
      await remember(uuid, written.limits, on);
      return failure(written.limits ?? limits, written.reason, true);
    }
    after = written.limits;
  }
  const applied: Applied = {
    cause,
    owners,
    watts: after.managementWatts,
    bootId: on.bootId,
  };
  const recorded = await on.store.update(uuid, (e) => {
    const { intent: _, leftWatts: _left, ...rest } = e ?? { uuid };
    return { ...rest, applied };
  });
  if (!recorded) {
    return failure(after, `The record cannot be written: ${on.store.fault}.`);
  }
  on.drift.excuse(uuid);
  return {
    state: stateOf(decision, applied, false),
    reason: decision.reason,
    limits: after,
    wrote: !sameWatts(now, watts),
    urgent: lowering,
    failed: false,
  };
}

/** Why a limit must not be set: the range, read now, is not known or does not hold it. */
async function unfitness(
  uuid: string,
  watts: number,
  { nvml }: Enforcement,
): Promise<string | undefined> {
  const read = await nvml.limits(uuid);
  if (!read.ok) return `The limits cannot be read: ${errorText(read.error)}.`;
  const { minWatts, maxWatts } = read.value;
  if (minWatts === undefined || maxWatts === undefined) {
    return "The settable range cannot be read.";
  }
  return watts < minWatts || watts > maxWatts
    ? `${watts} W is outside ${minWatts}…${maxWatts} W by now.`
    : undefined;
}

/** A device that took something else than asked: that is what we left there, so that is what is remembered. */
async function remember(
  uuid: string,
  limits: GpuLimits | undefined,
  on: Enforcement,
): Promise<void> {
  if (!limits) return;
  await on.store.update(uuid, (e) =>
    e?.intent && {
      ...e,
      intent: { ...e.intent, watts: limits.managementWatts },
    });
}

/** Gives a GPU back, unless somebody else has changed its limit since: that is theirs. */
async function release(
  task: Task,
  decision: Extract<Decision, { kind: "release" }>,
  entry: GpuEntry,
  on: Enforcement,
): Promise<Outcome> {
  const { uuid, limits } = task;
  const now = limits.managementWatts;
  const { watts } = decision;
  if (on.dryRun) return dry(task, watts ?? now);
  const foreign = !decision.ours.some((ours) => sameWatts(ours, now));
  if (foreign || watts !== undefined && sameWatts(watts, now)) {
    const forgotten = await on.store.update(uuid, () => undefined);
    return forgotten
      ? {
        ...settled(task, "released"),
        reason: foreign && !(watts !== undefined && sameWatts(watts, now))
          ? `The limit is ${now} W, which is not ours: left as it is.`
          : "",
        urgent: true,
      }
      : failure(limits, `The record cannot be written: ${on.store.fault}.`);
  }
  if (watts === undefined) {
    return failure(limits, "The default limit cannot be read.");
  }
  const target = clampInto(watts, limits);
  const intended = await on.store.update(uuid, (e) => ({
    ...(e ?? entry),
    intent: { kind: "release", watts: target, owners: [] },
  }));
  if (!intended) {
    return failure(limits, `The record cannot be written: ${on.store.fault}.`);
  }
  const written = await writeAndRead(uuid, target, on);
  if (!written.ok) {
    // Else the next pass would take what the device made of it for somebody else's, and leave it for ever.
    await remember(uuid, written.limits, on);
    return failure(written.limits ?? limits, written.reason, true);
  }
  const forgotten = await on.store.update(uuid, () => undefined);
  return {
    state: "released",
    reason: forgotten ? "" : `The record cannot be written: ${on.store.fault}.`,
    limits: written.limits,
    wrote: true,
    urgent: true,
    failed: !forgotten,
  };
}

/** Sets, reads back, compares. */
async function writeAndRead(
  uuid: string,
  watts: number,
  { nvml }: Enforcement,
): Promise<
  | { ok: true; limits: GpuLimits }
  | {
    ok: false;
    reason: string;
    limits: GpuLimits | undefined;
    /** The device has accepted the call: what is read back is what it made of it. */
    taken: boolean;
  }
> {
  const set = await nvml.setLimit(uuid, watts);
  const read = await nvml.limits(uuid, "moving");
  const limits = read.ok ? read.value : undefined;
  if (!set.ok) {
    const reason = `Setting ${watts} W failed: ${errorText(set.error)}.`;
    return { ok: false, reason, limits, taken: false };
  }
  if (!read.ok) {
    const reason = `${watts} W were set but cannot be read back: ${
      errorText(read.error)
    }.`;
    return { ok: false, reason, limits, taken: true };
  }
  if (!accepts(watts, read.value.managementWatts)) {
    const reason =
      `${watts} W were set and ${read.value.managementWatts} W read back.`;
    return { ok: false, reason, limits, taken: true };
  }
  return { ok: true, limits: read.value };
}

/** `NVML_ERROR_NO_PERMISSION (nvmlDeviceSetPowerManagementLimit)`. */
export function errorText({ name, call }: NvmlError): string {
  return `${name} (${call})`;
}

function clampInto(watts: number, limits: GpuLimits): number {
  const low = Math.max(watts, limits.minWatts ?? watts);
  return Math.min(low, limits.maxWatts ?? low);
}

function stateOf(
  decision: Decision,
  applied: Applied | undefined,
  unknown: boolean,
): EnforcementState {
  if (unknown) return "unknown";
  const prearmed = decision.kind === "cap"
    ? decision.cause === "prearm"
    : applied?.cause === "prearm";
  if (prearmed) return "prearmed";
  const requested = decision.requestedWatts;
  const watts = decision.kind === "cap" ? decision.watts : applied?.watts;
  return requested !== undefined && watts !== undefined &&
      !accepts(requested, watts)
    ? "clamped"
    : "enforced";
}

function settled({ decision, limits }: Task, state: EnforcementState): Outcome {
  return {
    state,
    reason: decision.reason,
    limits,
    wrote: false,
    urgent: false,
    failed: false,
  };
}

function failure(limits: GpuLimits, reason: string, wrote = false): Outcome {
  return {
    state: "refused",
    reason,
    limits,
    wrote,
    urgent: false,
    failed: true,
  };
}

function dry({ limits }: Task, watts: number): Outcome {
  return {
    state: "refused",
    reason:
      `Dry run: the limit stays at ${limits.managementWatts} W; ${watts} W would be set.`,
    limits,
    wrote: false,
    urgent: false,
    failed: false,
  };
}
