/** A failure as a file that another machine can replay. @module */

import { z } from "zod";
import { type Fault, isFaultKind } from "../../simulator/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { RunResult } from "./run_schedule.ts";
import type { Schedule } from "./schedule.ts";
import { INVARIANTS, type Violation } from "./violation.ts";

/** What a file says. */
export interface Failure {
  readonly schedule: Schedule;
  /** What was found, if anything was. */
  readonly violation: Violation | undefined;
  /** Of all lines of the record: a replay with another hash is not the same run. */
  readonly hash: string;
  readonly lines: number;
}

const VERSION = 1;
/** A schedule has a few dozen faults; more is no schedule of ours. */
const MOST_FAULTS = 10_000;

const ms = z.number().min(0).max(86_400_000);
const count = z.number().int().min(0).max(64);
const factor = z.number().positive().max(100);

const SCHEDULE = z.strictObject({
  seed: z.number().int(),
  fleet: z.strictObject({
    mode: z.enum(["disagg", "agg"]),
    startMode: z.enum(["gate", "prearm", "none"]),
    capOwner: z.enum(["planner", "deployment"]),
    clamp: z.enum(["exact", "compatible"]),
    belowFloor: z.enum(["shed", "hold_floor"]),
    optimizer: z.boolean(),
    loadScaling: z.boolean(),
    advisory: z.boolean(),
    nodes: count.min(1),
    gpusPerNode: count.min(1),
    gpusPerReplica: count.min(1),
    podsPerReplica: count.min(1).default(1),
    floor: count,
    maxGpus: z.number().int().min(1).max(4_096),
    budgetWatts: z.number().int().min(1).max(10_000_000),
    strangers: count,
  }),
  traffic: z.strictObject({
    islTokens: z.number().positive().max(1e7),
    oslTokens: z.number().positive().max(1e7),
    rates: z.array(
      z.strictObject({
        fromMs: ms,
        requestsPerSecond: z.number().min(0).max(1e6),
      }),
    ).max(1_000),
  }),
  secret: z.strictObject({
    ttft: factor,
    itl: factor,
    powerPrefill: factor,
    powerDecode: factor,
  }),
  answerMs: ms,
  reorderMs: ms,
  faults: z.array(
    z.custom<Fault>(isFault, "expected a fault: kind, atMs and what it needs"),
  ).max(MOST_FAULTS),
});

const FAILURE = z.strictObject({
  wattkeeper_schedule: z.literal(VERSION),
  violation: z.strictObject({
    invariant: z.custom<keyof typeof INVARIANTS>(
      (name) => typeof name === "string" && Object.hasOwn(INVARIANTS, name),
      "expected the name of an invariant",
    ),
    atMs: z.number(),
    message: z.string(),
  }).nullable(),
  record: z.strictObject({ hash: z.string(), lines: z.number().int() }),
  schedule: SCHEDULE,
});

/** The text of a file. */
export function failureText(schedule: Schedule, result: RunResult): string {
  const { violation, hash, lines } = result;
  return `${
    JSON.stringify(
      {
        wattkeeper_schedule: VERSION,
        violation: violation ?? null,
        record: { hash, lines },
        schedule,
      },
      null,
      2,
    )
  }\n`;
}

/**
 * Reads a file.
 *
 * @param name how messages call it
 * @throws {WattkeeperError} `invalid_file`, naming what was found and where
 */
export function readFailure(text: string, name: string): Failure {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw refused(name, "it is not JSON", cause);
  }
  const read = FAILURE.safeParse(found);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw refused(
      name,
      `${issue?.path.join(".") || "the file"}: ${issue?.message ?? ""}`,
    );
  }
  const { schedule, violation, record } = read.data;
  return { schedule, violation: violation ?? undefined, ...record };
}

function refused(name: string, problem: string, cause?: unknown) {
  return new WattkeeperError(
    "invalid_file",
    `"${name}" is not a schedule that can be replayed: ${problem}.`,
    {
      where: "--replay",
      remedy: "Use a file that simulate --schedules wrote.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** What all faults have in common; what each needs beyond it is read by whoever it strikes. */
function isFault(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, atMs, durationMs } = value as Record<string, unknown>;
  return typeof kind === "string" && isFaultKind(kind) &&
    typeof atMs === "number" && atMs >= 0 &&
    (durationMs === undefined ||
      typeof durationMs === "number" && durationMs >= 0);
}
