/** `simulate --schedules N`: random faults, invariants on every event, a small failing schedule to replay. @module */

import {
  failureText,
  generateSchedule,
  INVARIANTS,
  type ManyResult,
  runMany,
  runSchedule,
  type SeedResult,
  shrinkSchedule,
} from "../../proof/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";

/** Seeds beyond are not told apart by the generator. */
const MOST_SEED = 2 ** 32;

/** Runs them; 1 when one failed. */
export async function runSchedules(context: CommandContext): Promise<number> {
  const { flags, signal, progress, write, output } = context;
  const count = Number(flags["schedules"]);
  const firstSeed = Number(flags["seed"]);
  const workers = Number(flags["workers"] ?? navigator.hardwareConcurrency);
  refuse("--schedules", count, 1, 100_000_000);
  refuse("--seed", firstSeed, 0, MOST_SEED - count);
  refuse("--workers", workers, 1, 256);
  const result = await runMany({
    firstSeed,
    count,
    workers,
    signal,
    progress: (done, failed) =>
      progress.update(
        done,
        count,
        failed > 0 ? `${failed} failed` : "schedules",
      ),
  });
  progress.end();
  signal.throwIfAborted();
  const [first] = result.failures;
  const shrunk = first && await shrink(first, signal);
  if (output === "table") {
    write(summary(result, firstSeed));
    if (first && shrunk) write(failureLines(first, shrunk));
  } else {
    write(`${JSON.stringify(recordOf(result, firstSeed, shrunk), null, 2)}\n`);
  }
  return first ? 1 : 0;
}

function refuse(
  flag: string,
  value: number,
  least: number,
  most: number,
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new WattkeeperError(
    "invalid_usage",
    `${flag} is ${value}; expected a whole number from ${least} to ${most}.`,
    { where: flag, remedy: `Write ${flag} with such a number.` },
  );
}

interface Small {
  readonly path: string;
  readonly runs: number;
  readonly faultsBefore: number;
  readonly faults: readonly string[];
}

/** Makes the first failure small and writes it to a file. */
async function shrink(
  failure: SeedResult,
  signal: AbortSignal,
): Promise<Small> {
  const schedule = generateSchedule(failure.seed);
  const small = await shrinkSchedule(schedule, await runSchedule(schedule), {
    signal,
  });
  const path = `schedule-${failure.seed}.json`;
  await Deno.writeTextFile(path, failureText(small.schedule, small.result));
  return {
    path,
    runs: small.runs,
    faultsBefore: schedule.faults.length,
    faults: small.schedule.faults.map((fault) => JSON.stringify(fault)),
  };
}

function summary(result: ManyResult, firstSeed: number): string {
  const hours = result.simulatedMs / 3.6e6;
  return [
    `${result.count} schedules, seeds ${firstSeed} to ${
      firstSeed + result.count - 1
    }: ${
      hours.toFixed(1)
    } simulated hours, ${result.checks} checks of every invariant.`,
    `The longest way to rest after a last fault took ${
      (result.longestRestMs / 1000).toFixed(0)
    } s.`,
    result.failures.length === 0
      ? "No violation."
      : `${result.failures.length} failed.`,
    "",
  ].join("\n");
}

function failureLines({ seed, violation }: SeedResult, small: Small): string {
  const { invariant, atMs, message } = violation!;
  return [
    `Seed ${seed} at ${(atMs / 1000).toFixed(1)} s: ${
      INVARIANTS[invariant]
    } (${message}).`,
    `${small.faultsBefore} faults, ${small.faults.length} of them are enough (${small.runs} runs):`,
    ...small.faults.map((fault) => `  ${fault}`),
    `Again, event for event: simulate --replay ${small.path}`,
    "",
  ].join("\n");
}

function recordOf(
  result: ManyResult,
  firstSeed: number,
  small: Small | undefined,
) {
  return {
    schedules: result.count,
    first_seed: firstSeed,
    simulated_hours: result.simulatedMs / 3.6e6,
    checks: result.checks,
    longest_rest_seconds: result.longestRestMs / 1000,
    failures: result.failures.map(({ seed, violation, hash }) => ({
      seed,
      invariant: violation?.invariant,
      at_ms: violation?.atMs,
      message: violation?.message,
      record_hash: hash,
    })),
    replay_file: small?.path ?? null,
  };
}
