/** `plan` over a trace: window by window, or one of them; no fleet, nothing is written to one. @module */

import {
  badLineText,
  decisionRecord,
  openDecisionLog,
  type OpenedModel,
  type PlannerConfig,
  readTrace,
  runPlanner,
  textChunks,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "../../planner/mod.ts";
import { logger, WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { decisionPrinter } from "./decision_printer.ts";

/** What is replayed. */
export interface ReplayInput {
  readonly config: PlannerConfig;
  readonly tracePath: string;
  readonly once: boolean;
  /** Offset into the trace, seconds; only with `once`. */
  readonly atSeconds: number | undefined;
  readonly decisionsPath: string | undefined;
  readonly openModel: () => Promise<OpenedModel>;
}

/** Replays a trace. @returns the exit code: 1 when no window met the targets */
export async function replay(
  context: CommandContext,
  input: ReplayInput,
): Promise<number> {
  const { config, once, atSeconds, decisionsPath } = input;
  if (atSeconds !== undefined && !once) {
    throw new WattkeeperError("invalid_usage", "--at needs --once.", {
      where: "--at",
      remedy: "Add --once, or leave --at out to replay the whole trace.",
    });
  }
  const trace = await openTrace(context, input);
  const { model } = await input.openModel();
  const printer = decisionPrinter({
    output: context.output,
    once,
    write: context.write,
    targets: config,
  });
  await using file = decisionsPath === undefined
    ? undefined
    : await openDecisionLog(decisionsPath);
  await runPlanner({
    config,
    model,
    observations: abortable(
      once ? [windowAt(trace, atSeconds)] : traceWindows(trace),
      context,
    ),
    signal: context.signal,
    async record(decision) {
      await file?.append(decisionRecord(decision));
      printer.print(decision);
    },
  });
  context.progress.end();
  printer.end();
  context.signal.throwIfAborted();
  return printer.feasible() ? 0 : 1;
}

async function openTrace(
  context: CommandContext,
  { config, tracePath }: ReplayInput,
): Promise<TraceSummary> {
  const trace = await readTrace({
    name: tracePath,
    chunks: textChunks(tracePath),
    windowSeconds: config.throughputIntervalSeconds,
    signal: context.signal,
    onProgress: (lines) =>
      context.progress.update(lines, undefined, "lines of the trace"),
  });
  context.progress.end();
  if (trace.badLines > 0) {
    logger("planner").warn(
      `${trace.badLines} lines of "${trace.name}" hold no request and were left out: ${
        badLineText(trace.badExamples)
      }.`,
    );
  }
  return trace;
}

/** Yields to signals between decisions, so that ^C is noticed in a long replay. */
async function* abortable<Item>(
  items: Iterable<Item>,
  { signal, progress }: CommandContext,
): AsyncGenerator<Item> {
  let done = 0;
  for (const item of items) {
    if (++done % 16 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      progress.update(done, undefined, "windows");
    }
    if (signal.aborted) return;
    yield item;
  }
}
