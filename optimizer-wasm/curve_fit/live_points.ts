/** Live points of GPUs under caps, as `data fit --from-live` reads them: one JSON object a line. @module */

import { z } from "zod";
import { WattkeeperError } from "../../service/portable.ts";

/** What one GPU did in a phase under a cap, averaged over a window of steady work. */
export interface LivePoint {
  readonly system: string;
  /** `prefill`, `decode`, … as the caller names it; `idle` is a loaded model without work. */
  readonly phase: string;
  readonly capWatts: number;
  readonly drawWatts: number;
  /** Time of the same piece of work: TTFT or ITL of one shape. */
  readonly latencyMs: number;
  /** Share of the time with a power-cap reason active, 0 to 1. */
  readonly throttleShare: number;
  /** Mean SM clock of the window. */
  readonly smClockMhz?: number;
}

const MOST_POINTS = 1_000_000;

const positive = z.number().finite().positive();
const schema = z.strictObject({
  system: z.string().min(1),
  phase: z.string().min(1),
  cap_watts: positive,
  draw_watts: positive,
  latency_ms: positive,
  throttle_share: z.number().min(0).max(1),
  sm_clock_mhz: positive.optional(),
});

/** @throws {WattkeeperError} `invalid_file` with the line, what was found and what is expected */
export function parseLivePoint(line: string, number: number): LivePoint {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw badLine(number, "it is not JSON", cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badLine(
      number,
      `${issue?.path.join(".") || "the object"}: ${issue?.message}`,
      parsed.error,
    );
  }
  const it = parsed.data;
  return {
    system: it.system,
    phase: it.phase,
    capWatts: it.cap_watts,
    drawWatts: it.draw_watts,
    latencyMs: it.latency_ms,
    throttleShare: it.throttle_share,
    ...(it.sm_clock_mhz === undefined ? {} : { smClockMhz: it.sm_clock_mhz }),
  };
}

/** Reads all points; empty lines do not count. */
export async function readLivePoints(
  lines: AsyncIterable<string>,
): Promise<LivePoint[]> {
  const points: LivePoint[] = [];
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    if (points.length >= MOST_POINTS) {
      throw badLine(number, `there are more than ${MOST_POINTS} points`);
    }
    points.push(parseLivePoint(line, number));
  }
  return points;
}

function badLine(
  number: number,
  found: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `Line ${number} is no live point: ${found}.`,
    {
      where: `line ${number}`,
      remedy:
        'Write {"system", "phase", "cap_watts", "draw_watts", "latency_ms", "throttle_share"} and, where known, "sm_clock_mhz"; watts, milliseconds and MHz above 0, the share from 0 to 1.',
      cause,
    },
  );
}
