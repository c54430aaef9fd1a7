/** The cap each GPU should have and why: `SPEC.md` §9 and C18–C27 of the cap protocol as one pure function. @module */

import { type Ask, askOf } from "./ask.ts";
import {
  type CapCause,
  type GpuEntry,
  ourWatts,
  type Owner,
  ownersOf,
} from "./entry.ts";
import type { OwningPod, Pod, PodIdentity } from "./ports.ts";
import type {
  Decision,
  Occupant,
  PolicyConfig,
  PolicyNote,
  Situation,
} from "./situation.ts";

/** A pod on the GPU, its facts, and what it asks for. */
interface Tenant {
  readonly pod: Pod;
  readonly known: Owner | undefined;
  readonly ask: Ask;
}

/** Decides about one GPU. */
export function decide(situation: Situation, config: PolicyConfig): Decision {
  const { attribution } = situation.ownership;
  const uncertain = uncertainty(situation);
  if (uncertain !== undefined) {
    return armsAtBoot(situation, config)
      ? arm(situation, config)
      : unknown(situation, uncertain);
  }
  if (attribution.kind !== "pods") return vacant(situation, config);
  const tenants = attribution.pods.map((owning) => tenantOf(situation, owning));
  const asking = tenants.filter(({ ask }) => ask.kind !== "bystander");
  return asking.length === 0
    ? bystanders(situation, tenants, config)
    : occupied(situation, asking, config);
}

/** Why nothing may be concluded about this GPU, or undefined (C22, C23). */
function uncertainty(situation: Situation): string | undefined {
  const { attribution } = situation.ownership;
  if (attribution.kind === "unknown") return attribution.reason;
  if (situation.view.freshness.kind === "empty") {
    return "The pods of this node are not known yet.";
  }
  if (!situation.recordIntact && !situation.view.consistent) {
    return "The record was lost; a consistent list of pods is waited for.";
  }
  if (attribution.kind === "pods") {
    const absent = attribution.pods.find(({ uid }) => !situation.pods.has(uid));
    if (absent) return `Pod UID ${absent.uid} is not in the pod view.`;
  }
  return undefined;
}

/** Nothing is changed; a recorded cap is held against raises, and never raised itself. */
function unknown(situation: Situation, reason: string): Decision {
  const base = {
    occupancy: "unknown" as const,
    pod: lastPod(situation.entry) ?? situation.hint ?? comingPod(situation),
    requestedWatts: requestedOnRecord(situation.entry),
    reason,
    notes: [],
  };
  const lost = !situation.recordIntact && !situation.view.consistent;
  const watts = lost ? undefined : heldWatts(situation.entry);
  return watts === undefined
    ? { kind: "untouched", ...base }
    : { kind: "keep", watts, mayRaise: false, ...base };
}

/**
 * The pod that a GPU without a last one has just been given to: between the kubelet's word and the pod's first process it
 * is charged what that pod may draw, behind its gate nothing, and not all that the device could. Only a whole record
 * says that there is no last one.
 */
function comingPod(
  { ownership: { attribution }, recordIntact }: Situation,
): PodIdentity | undefined {
  return recordIntact && attribution.kind === "unknown"
    ? attribution.coming
    : undefined;
}

/** No pod is on the GPU: release what was ours, arm what may be started on. */
function vacant(situation: Situation, config: PolicyConfig): Decision {
  const { entry, ownership } = situation;
  const nobody = ownership.attribution.kind === "nobody";
  const occupant: Occupant = nobody && situation.vacatedLongEnough
    ? { occupancy: "free", pod: undefined }
    : { occupancy: "unknown", pod: lastPod(entry) };
  const base = {
    ...occupant,
    requestedWatts: undefined,
    reason: nobody ? "" : "A process that belongs to no pod is on the GPU.",
    notes: [],
  };
  if (config.prearm && nobody) {
    if (isNobodys(entry)) return { ...arm(situation, config), ...occupant };
    if (situation.vacatedLongEnough) {
      return { ...arm(situation, config), ...occupant };
    }
  }
  if (!entry) return { kind: "untouched", ...base };
  if (situation.vacatedLongEnough) return release(situation, base);
  return {
    ...keep(entry, true),
    ...base,
    reason: base.reason || ownersOf(entry).length === 0
      ? base.reason
      : "The pod has left; its end is not proven yet (C24).",
  };
}

/** Only pods that never asked: what was ours goes back once its owner is proven gone. */
function bystanders(
  situation: Situation,
  tenants: readonly Tenant[],
  config: PolicyConfig,
): Decision {
  const base = {
    occupancy: "pod" as const,
    pod: identity(tenants[0]?.pod),
    requestedWatts: undefined,
    reason: "",
    notes: [],
  };
  const { entry } = situation;
  if (!entry) return { kind: "untouched", ...base };
  const armed = entry.applied?.cause === "prearm";
  if (armed && config.prearm) {
    return {
      ...keep(entry, true),
      ...base,
      reason: "Held for a pod that has no power limit yet.",
    };
  }
  if (situation.vacatedLongEnough || armed) {
    // The planner charges a start at the safe default (§6); the default limit would pass what it reserved.
    return config.prearm
      ? {
        ...arm(situation, config),
        occupancy: base.occupancy,
        pod: base.pod,
        reason: "Armed for a pod that has no power limit yet.",
      }
      : release(situation, base);
  }
  return {
    ...keep(entry, true),
    ...base,
    reason: "The last owner's end is not proven yet (C24).",
  };
}

/** Pods that asked: one wish is followed, several are brought together, none waits. */
function occupied(
  situation: Situation,
  asking: readonly Tenant[],
  config: PolicyConfig,
): Decision {
  // A pod that only waits has no part in the cap; the pods that are let through decide.
  const parties = asking.filter(({ ask, known }) =>
    known !== undefined || ask.kind !== "waiting" && ask.kind !== "ignored"
  );
  const first = parties[0] ?? asking[0]!;
  const reasons = asking.map(({ ask }) => "reason" in ask ? ask.reason : "");
  const base = {
    occupancy: "pod" as const,
    pod: identity(first.pod),
    reason: reasons.filter((reason) => reason !== "").join(" "),
  };
  const wish = parties.length === 0
    ? undefined
    : wishOf(situation, parties, config);
  if (wish === undefined) {
    const shared = {
      ...base,
      requestedWatts: requestedOnRecord(situation.entry),
      notes: asking.some(({ ask }) => ask.kind === "unusable")
        ? ["unusable" as const]
        : [],
    };
    return situation.entry
      ? { ...keep(situation.entry, true), ...shared }
      : { kind: "untouched", ...shared };
  }
  const owners = parties.map((tenant) => ownerOf(tenant));
  return capped(situation, { ...base, ...wish, owners });
}

interface Wish {
  readonly cause: CapCause;
  readonly watts: number;
  readonly notes: readonly PolicyNote[];
}

/** The one cap that all asking pods lead to; undefined when the limit is to stay as it is. */
function wishOf(
  situation: Situation,
  asking: readonly Tenant[],
  config: PolicyConfig,
): Wish | undefined {
  const moved = asking.some(({ ask }) =>
    ask.kind === "grant" || ask.kind === "annotation"
  );
  const unusable = asking.some(({ ask }) => ask.kind === "unusable");
  const ours = situation.entry !== undefined;
  const gated = asking.some(({ pod, known }) => pod.gated || known?.generation);
  const valid = asking.flatMap((tenant) => wattsOf(tenant));
  if (asking.length === 1) {
    if (unusable && !ours && !gated) {
      return {
        cause: "safe_default",
        // Never upwards: what somebody has set lower stays.
        watts: Math.min(
          config.safeDefaultWatts,
          situation.limits?.managementWatts ?? Infinity,
        ),
        notes: ["unusable", "safe_default"],
      };
    }
    const watts = valid[0];
    if (!moved || watts === undefined) return undefined;
    const granted = asking[0]!.ask.kind === "grant";
    return { cause: granted ? "grant" : "annotation", watts, notes: [] };
  }
  if (!moved && (ours || gated || !unusable)) return undefined;
  const complete = valid.length === asking.length;
  if (complete && valid.every((watts) => watts === valid[0])) {
    const granted = asking.some(({ ask }) => ask.kind === "grant");
    return {
      cause: granted ? "grant" : "annotation",
      watts: valid[0]!,
      notes: ["multi_pod_agree"],
    };
  }
  // Grants are never raised by a fallback; upstream's conflict policy is for pods without grants.
  const fallback = config.conflictPolicy === "safe-default" && !gated
    ? config.safeDefaultWatts
    : Math.min(...valid, config.safeDefaultWatts);
  return {
    cause: "conflict",
    watts: fallback,
    notes: [
      "multi_pod_conflict",
      "safe_default",
      ...(unusable ? ["unusable" as const] : []),
    ],
  };
}

/** Clamps into the device's range and turns a wish into a decision. */
function capped(
  situation: Situation,
  wish: Wish & Occupant & {
    readonly reason: string;
    readonly owners: readonly Owner[];
  },
): Decision {
  const { occupancy, pod, cause, owners } = wish;
  const base = { occupancy, pod, requestedWatts: wish.watts };
  const min = situation.limits?.minWatts;
  const max = situation.limits?.maxWatts;
  if (min === undefined || max === undefined || min > max) {
    return {
      kind: "refuse",
      ...base,
      reason: "The settable range cannot be read.",
      notes: wish.notes,
    };
  }
  const watts = Math.min(Math.max(wish.watts, min), max);
  const clamped: PolicyNote[] = watts > wish.watts
    ? ["clamped_min"]
    : watts < wish.watts
    ? ["clamped_max"]
    : [];
  const reason = clamped.length === 0
    ? wish.reason
    : `${wish.watts} W is outside ${min}…${max} W. ${wish.reason}`.trim();
  const notes = [...wish.notes, ...clamped];
  return { kind: "cap", ...base, cause, watts, owners, reason, notes };
}

/** Holds an idle GPU at the safe default; lowers only, so that no order of events can lift a cap. */
function arm(situation: Situation, config: PolicyConfig): Decision {
  const { entry, limits } = situation;
  const base = {
    occupancy: "unknown" as const,
    pod: lastPod(entry),
    requestedWatts: undefined,
    reason: "Held at the safe default for what may start here.",
    notes: [],
  };
  const decision = capped(situation, {
    ...base,
    cause: "prearm",
    watts: config.safeDefaultWatts,
    owners: [],
  });
  if (decision.kind !== "cap") return { ...decision, ...base };
  const armed = entry?.applied?.cause === "prearm";
  const low = limits !== undefined && limits.managementWatts <= decision.watts;
  if (!entry && low) return { kind: "untouched", ...base, reason: "" };
  if (armed && entry.applied?.watts === decision.watts) {
    return { ...keep(entry, true), ...base };
  }
  return { ...decision, ...base, notes: decision.notes };
}

/**
 * At boot neither the kubelet nor the API server is there yet: a GPU without processes, without an allocation and without
 * a record is armed on NVML's word alone. It can only be lowered by that.
 */
function armsAtBoot(situation: Situation, config: PolicyConfig): boolean {
  const { ownership, entry } = situation;
  const { attribution, allocation, pids } = ownership;
  const empty = attribution.kind === "nobody" ||
    attribution.kind === "unknown" && allocation === "silent" &&
      pids?.length === 0;
  return config.prearm && empty && isNobodys(entry);
}

/** Nothing on record, or what arming left there: a limit that no pod stands for. */
function isNobodys(entry: GpuEntry | undefined): boolean {
  return ownersOf(entry).length === 0 &&
    (entry?.applied === undefined || entry.applied.cause === "prearm");
}

function release(
  situation: Situation,
  base: Omit<Extract<Decision, { kind: "untouched" }>, "kind">,
): Decision {
  const entry = situation.entry!;
  return {
    kind: "release",
    ...base,
    watts: releaseWatts(entry, situation.limits?.defaultWatts),
    ours: ourWatts(entry),
  };
}

/** Watts a release goes back to: what was there before us, else the default; undefined when neither is known. */
export function releaseWatts(
  entry: GpuEntry,
  defaultWatts: number | undefined,
): number | undefined {
  return entry.beforeWatts ?? defaultWatts;
}

function keep(
  entry: GpuEntry,
  mayRaise: boolean,
): {
  readonly kind: "keep";
  readonly watts: number;
  readonly mayRaise: boolean;
} {
  // A write under way may have landed: until it is decided anew, nothing above both, and never upwards.
  return {
    kind: "keep",
    watts: heldWatts(entry)!,
    mayRaise: mayRaise && entry.intent === undefined,
  };
}

/** The most that may be left standing for an entry. */
function heldWatts(entry: GpuEntry | undefined): number | undefined {
  if (!entry) return undefined;
  if (entry.intent?.kind === "release") return entry.intent.watts;
  const { applied, intent } = entry;
  return applied || intent
    ? Math.max(applied?.watts ?? 0, intent?.watts ?? 0)
    : undefined;
}

function tenantOf(situation: Situation, owning: OwningPod): Tenant {
  const pod = situation.pods.get(owning.uid)!;
  const known = ownersOf({
    uuid: situation.uuid,
    ...(situation.entry?.applied ? { applied: situation.entry.applied } : {}),
  }).find(({ uid }) => uid === pod.uid);
  return { pod, known, ask: askOf(pod, owning.evidence, known) };
}

/** Watts that a tenant stands for: what it asks now, or what its record has. */
function wattsOf({ ask, known }: Tenant): number[] {
  if (ask.kind === "grant" || ask.kind === "annotation") return [ask.watts];
  return known && known.watts > 0 ? [known.watts] : [];
}

function ownerOf({ pod, ask, known }: Tenant): Owner {
  const generation = ask.kind === "grant" ? ask.generation : known?.generation;
  return {
    uid: pod.uid,
    namespace: pod.namespace,
    name: pod.name,
    watts: ask.kind === "grant" || ask.kind === "annotation"
      ? ask.watts
      : known?.watts ?? 0,
    gated: pod.gated,
    ...(generation ? { generation } : {}),
    ...(known?.openedBoot ? { openedBoot: known.openedBoot } : {}),
  };
}

function requestedOnRecord(entry: GpuEntry | undefined): number | undefined {
  const watts = entry?.applied?.owners[0]?.watts;
  return watts === 0 ? undefined : watts;
}

function lastPod(entry: GpuEntry | undefined): PodIdentity | undefined {
  const owner = ownersOf(entry)[0];
  return owner && identity(owner);
}

function identity(pod: PodIdentity | undefined): PodIdentity | undefined {
  return pod && { namespace: pod.namespace, name: pod.name, uid: pod.uid };
}
