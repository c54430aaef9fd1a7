/** Curves refined from live points, as a file that estimates and searches read. @module */

import { z } from "zod";
import { WattkeeperError } from "../../service/portable.ts";
import type { PowerCurve } from "../data/power_curves.ts";
import type { FittedCurve } from "./fit_curve.ts";

const CURVE_FILE_VERSION = 1;
const share = z.number().min(0).max(1);
const positive = z.number().finite().positive();

const schema = z.strictObject({
  format_version: z.literal(CURVE_FILE_VERSION),
  curves: z.array(z.strictObject({
    system: z.string(),
    vmin: share,
    slope: z.number().min(0),
    static_watts: z.number().min(0),
    latency_errors: z.tuple([
      z.number().min(0),
      z.number().min(0),
      z.number().min(0),
      z.number().min(0),
    ]),
    clock_step_mhz: positive,
    max_clock_mhz: positive,
    min_clock_mhz: positive,
    standing: z.string(),
    phases: z.array(z.strictObject({
      phase: z.string(),
      draw_watts: positive,
      latency_ms: positive,
      compute_share: share.optional(),
      unbound_points: z.number(),
      bound_points: z.number(),
    })),
    findings: z.array(z.string()),
  })),
});

/** Content of a curve file. */
export type CurveFile = z.infer<typeof schema>;

/** The file of some curves. */
export function curveFile(curves: readonly FittedCurve[]): CurveFile {
  return {
    format_version: CURVE_FILE_VERSION,
    curves: curves.map(({ system, curve, phases, findings }) => ({
      system,
      vmin: curve.vmin,
      slope: curve.slope,
      static_watts: curve.staticWatts,
      latency_errors: [...curve.errors],
      clock_step_mhz: curve.clockStepMhz,
      max_clock_mhz: curve.maxClockMhz,
      min_clock_mhz: curve.minClockMhz,
      standing: curve.standing,
      phases: phases.map((it) => ({
        phase: it.phase,
        draw_watts: it.drawWatts,
        latency_ms: it.latencyMs,
        ...(it.computeShare === undefined
          ? {}
          : { compute_share: it.computeShare }),
        unbound_points: it.unboundPoints,
        bound_points: it.boundPoints,
      })),
      findings: [...findings],
    })),
  };
}

/** A refined curve read back: the curve, and c by phase. */
export interface RefinedCurve {
  readonly curve: PowerCurve;
  readonly computeShares: Readonly<Record<string, number>>;
}

/**
 * Reads a curve file.
 *
 * @param where its name, for errors
 * @returns curves by system
 * @throws {WattkeeperError} `invalid_file`
 */
export function parseCurveFile(
  text: string,
  where: string,
): ReadonlyMap<string, RefinedCurve> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notACurveFile(where, "it is not JSON", cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw notACurveFile(
      where,
      `${issue?.path.join(".")}: ${issue?.message}`,
      parsed.error,
    );
  }
  return new Map(
    parsed.data.curves.map((it) => [it.system, {
      curve: {
        vmin: it.vmin,
        slope: it.slope,
        staticWatts: it.static_watts,
        errors: it.latency_errors,
        clockStepMhz: it.clock_step_mhz,
        maxClockMhz: it.max_clock_mhz,
        minClockMhz: it.min_clock_mhz,
        standing: it.standing,
      },
      computeShares: Object.fromEntries(
        it.phases.flatMap(({ phase, compute_share }) =>
          compute_share === undefined ? [] : [[phase, compute_share]]
        ),
      ),
    }]),
  );
}

function notACurveFile(
  where: string,
  found: string,
  cause: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `"${where}" is no file of power curves: ${found}.`,
    {
      where,
      remedy: "Write it with `data fit --from-live FILE --write CURVES`.",
      cause,
    },
  );
}
