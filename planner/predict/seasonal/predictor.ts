/** The seasonal predictor: what a day and a week look like, times what is seen now. Replaces upstream's prophet. @module */

import { bounded } from "../bounded.ts";
import type { Growth, Predictor, PredictorSettings } from "../predictor.ts";
import { scaleOf } from "../scale.ts";
import {
  type Experts,
  expertsAfter,
  mixedForecast,
  NO_EXPERTS,
} from "./experts.ts";
import {
  emptyProfile,
  type Profile,
  type ProfileClock,
  usualValue,
  withValue,
} from "./profile.ts";

/** What the seasonal predictor knows of a series. */
export interface SeasonalMemory {
  readonly kind: "seasonal";
  /** The last window, counted from 1970 where a clock is known, else from the first one. */
  readonly window: number;
  readonly profile: Profile;
  readonly experts: Experts;
}

const SECONDS_OF_DAY = 86_400;

/** Builds the predictor. */
export function seasonalPredictor(settings: PredictorSettings): Predictor {
  const scale = scaleOf(settings);
  const clock: ProfileClock = {
    windowsPerDay: SECONDS_OF_DAY / settings.windowSeconds,
  };
  const after = (
    before: SeasonalMemory,
    window: number,
    value: number,
  ): SeasonalMemory => {
    const usual = usualValue(before.profile, clock, window);
    return {
      kind: "seasonal",
      window,
      experts: expertsAfter(before.experts, usual, value),
      profile: withValue(before.profile, clock, { window, value }),
    };
  };
  const start: SeasonalMemory = {
    kind: "seasonal",
    window: -1,
    profile: emptyProfile(clock),
    experts: NO_EXPERTS,
  };
  const windowOf = ({ windows, atMs }: Growth, before: number) =>
    atMs === undefined
      ? before + windows
      : Math.round(atMs / 1000 / settings.windowSeconds) - 1;
  const learnedFrom = (growth: Growth) => {
    const { series } = growth;
    const last = windowOf(growth, series.length - 2);
    return series.reduce(
      (memory, value, i) =>
        after(memory, last - (series.length - 1 - i), scale.forth(value)),
      start,
    );
  };
  return {
    name: "seasonal",
    key: `seasonal ${JSON.stringify([settings.log1p, settings.windowSeconds])}`,
    learn(growth, memory) {
      if (memory?.kind !== "seasonal") return learnedFrom(growth);
      const value = scale.forth(growth.series.at(-1) ?? 0);
      return after(memory, windowOf(growth, memory.window), value);
    },
    next(series, memory) {
      const last = series.at(-1) ?? 0;
      if (series.length === 0) return 0;
      const known = memory?.kind === "seasonal"
        ? memory
        : learnedFrom({ series, windows: 1, atMs: undefined });
      const usual = usualValue(known.profile, clock, known.window + 1);
      const forecast = mixedForecast(known.experts, usual);
      return forecast === undefined
        ? last
        : bounded(scale.back(forecast), series);
    },
  };
}
