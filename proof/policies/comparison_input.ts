/** From what a person asks for to a comparison: the same for the command line and for the page in a browser. @module */

import {
  grouped,
  type LoopInput,
  type OpenedModel,
  parsePlannerConfig,
  type PlannerConfig,
} from "../../planner/portable_planner.ts";
import { WattkeeperError } from "../../service/portable.ts";
import { type ComparisonInput, LEAD_IN_SECONDS } from "./compare.ts";
import {
  USUAL_PEAK_REQUESTS_PER_SECOND,
  usualDeployment,
} from "./deployment.ts";
import { atFullLoad, POLICY_NAMES, type PolicyName } from "./policy.ts";
import { type ReadRequests, readRequests } from "./request_trace.ts";
import { type Resolution, STEP_MS } from "./run_policy.ts";
import { builtInDay, DAY_SECONDS, traceTraffic } from "./traffic.ts";

/** What is asked, in the words of `simulate`'s flags. */
export interface ComparisonQuestion {
  /** Text of a planner configuration; absent: the usual deployment. */
  readonly config?: {
    readonly text: string;
    readonly name: string;
    readonly environment?: Readonly<Record<string, string>>;
  } | undefined;
  /** Absent: a made-up day. */
  readonly trace?: {
    readonly name: string;
    readonly chunks: AsyncIterable<string>;
  } | undefined;
  /** How many times faster the trace is played, and how many copies at once; both 1 when absent. */
  readonly speed?: number | undefined;
  readonly copies?: number | undefined;
  readonly seed: number;
  /** Absent: as long as the trace is at speed 1, or a day. */
  readonly hours?: number | undefined;
  readonly resolution: Resolution;
  /** Absent or empty: all. */
  readonly policies?: readonly PolicyName[] | undefined;
  /** Absent: the configuration's own. */
  readonly budgetsWatts?: readonly number[] | undefined;
}

/** What the machine brings in. */
export interface ComparisonMeans {
  /** Opens the performance model of a configuration. */
  readonly open: (config: PlannerConfig) => Promise<OpenedModel>;
  /** Reads the history that planners start with; absent: they start without one. */
  readonly warmHistory?: (
    config: PlannerConfig,
    opened: OpenedModel,
  ) => Promise<LoopInput["warmHistory"]>;
  readonly signal?: AbortSignal;
}

/** The peak of a made-up day over what the fleet can serve within its budget, so that the budget binds. */
const PEAK_SHARE = 1.1;
/** Traffic goes on while the planner ends, seconds. */
const END_SECONDS = 600;
/** Copies of a trace that are played at once at most. */
const MOST_COPIES = 1_000;
/** Longest run, hours; a month. */
const MOST_HOURS = 744;

/**
 * Reads configuration and trace, opens the model, and makes the traffic.
 *
 * @throws {WattkeeperError} `invalid_config`, `invalid_file`, `invalid_value`, `invalid_usage`, and what opening the model throws
 */
export async function comparisonInput(
  question: ComparisonQuestion,
  means: ComparisonMeans,
): Promise<ComparisonInput> {
  const { seed, resolution, policies = [], budgetsWatts } = question;
  const trace = await readTraceOf(question, means.signal);
  const config = question.config
    ? parsePlannerConfig(question.config).config
    : usualFor(trace);
  const opened = await means.open(config);
  const seconds = secondsOf(
    question.hours,
    trace ? trace.trace.lengthMs / 1000 : DAY_SECONDS,
  );
  const traffic = trace
    ? traceTraffic({
      ...trace,
      seconds: seconds + LEAD_IN_SECONDS + END_SECONDS,
      stepSeconds: STEP_MS / 1000,
    })
    : builtInDay({
      seed,
      peakRequestsPerSecond: question.config
        ? peakOf(config, opened)
        : USUAL_PEAK_REQUESTS_PER_SECOND,
    });
  return {
    config,
    opened,
    warmHistory: await means.warmHistory?.(config, opened),
    policies: policies.length === 0
      ? POLICY_NAMES
      : POLICY_NAMES.filter((name) => policies.includes(name)),
    budgetsWatts: budgetsWatts ?? [config.power?.budgetWatts ?? 0],
    traffic,
    resolution,
    seed,
    seconds,
    ...(means.signal ? { signal: means.signal } : {}),
  };
}

/** The requests of a trace, and how they are played; undefined without one. */
async function readTraceOf(
  { trace: file, ...question }: ComparisonQuestion,
  signal: AbortSignal | undefined,
) {
  const speed = factorOf(question.speed, "speed");
  const copies = factorOf(question.copies, "copies");
  if (copies > MOST_COPIES) {
    throw new WattkeeperError(
      "invalid_value",
      `--copies must be at most ${MOST_COPIES}, found ${copies}.`,
      { where: "--copies", remedy: "Write --copies 8." },
    );
  }
  if (!file) {
    if (speed === 1 && copies === 1) return undefined;
    const flag = speed === 1 ? "--copies" : "--speed";
    throw new WattkeeperError("invalid_usage", `${flag} needs a trace.`, {
      where: flag,
      remedy: `Add --trace FILE, or leave ${flag} out.`,
    });
  }
  const { trace, summary } = await readRequests({
    ...file,
    ...(signal ? { signal } : {}),
  });
  return {
    name: `${grouped(summary.requests)} requests of ${
      summary.format === "azure" ? "an Azure" : `a ${summary.format}`
    } trace`,
    trace,
    speed,
    copies,
  };
}

/** A factor above zero; 1 when it is not given. */
function factorOf(asked: number | undefined, name: string): number {
  const factor = asked ?? 1;
  if (factor > 0) return factor;
  throw new WattkeeperError(
    "invalid_value",
    `--${name} must be above zero, found ${factor}.`,
    { where: `--${name}`, remedy: `Write --${name} 8.` },
  );
}

/** The usual deployment, for the lengths that a person would have looked up in the trace before deploying. */
function usualFor(
  read: Pick<ReadRequests, "trace"> | undefined,
): PlannerConfig {
  const usual = usualDeployment();
  if (!usual.engine || !read) return usual;
  return {
    ...usual,
    engine: {
      ...usual.engine,
      islTokens: meanOf(read.trace.islTokens),
      oslTokens: meanOf(read.trace.oslTokens),
    },
  };
}

/** Tokens of a request in the mean. */
function meanOf(tokens: Int32Array): number {
  const sum = tokens.reduce((all, one) => all + one, 0);
  return Math.max(1, Math.round(sum / tokens.length));
}

/** A little more than the fleet can serve inside its own budget. */
function peakOf(config: PlannerConfig, { model }: OpenedModel): number {
  const answer = model.searchFleet(atFullLoad(config, model));
  return answer.kind === "fleet"
    ? answer.best.requestsPerSecond * PEAK_SHARE
    : 1;
}

function secondsOf(hours: number | undefined, lengthSeconds: number): number {
  if (hours === undefined) return Math.ceil(lengthSeconds);
  if (hours > 0 && hours <= MOST_HOURS) return hours * 3600;
  throw new WattkeeperError(
    "invalid_value",
    `--hours must be above zero and at most ${MOST_HOURS}, found ${hours}.`,
    { where: "--hours", remedy: "Write --hours 24." },
  );
}
