/** What a day and a week usually look like: one mean for each part of a day, one factor for each day of a week. @module */

/** A profile; plain data of bounded size. */
export interface Profile {
  /** Mean of each part of the day; undefined where nothing was seen yet. */
  readonly day: readonly (number | undefined)[];
  /** Values behind each mean, at most {@linkcode DAYS_KEPT} days of them. */
  readonly seen: readonly number[];
  /** Factor of each day of the week. */
  readonly week: readonly number[];
  /** Values behind each factor. */
  readonly weekSeen: readonly number[];
}

/** A window's place in time, windows since some midnight. */
export interface ProfileClock {
  readonly windowsPerDay: number;
}

/** Parts of a day: five minutes each, or one window where that is longer. */
const MOST_PARTS = 288;
/** A mean forgets what is older: traffic of last month says little. */
const DAYS_KEPT = 4;
/** Days of a week's day that a factor remembers. */
const WEEKS_KEPT = 3;

/** A profile that has seen nothing. */
export function emptyProfile({ windowsPerDay }: ProfileClock): Profile {
  const parts = Math.max(1, Math.min(MOST_PARTS, Math.floor(windowsPerDay)));
  return {
    day: Array.from({ length: parts }, () => undefined),
    seen: Array.from({ length: parts }, () => 0),
    week: Array.from({ length: 7 }, () => 1),
    weekSeen: Array.from({ length: 7 }, () => 0),
  };
}

/** Adds a value to the profile. */
export function withValue(
  profile: Profile,
  { windowsPerDay }: ProfileClock,
  { window, value }: { readonly window: number; readonly value: number },
): Profile {
  const parts = profile.day.length;
  const part = Math.floor(shareOfDay(window, windowsPerDay) * parts);
  const weekday = weekdayOf(window, windowsPerDay);
  const factor = weekFactor(profile, weekday, windowsPerDay);
  const usual = profile.day[part];
  const perPart = windowsPerDay / parts;
  const seen = Math.min(
    (profile.seen[part] ?? 0) + 1,
    Math.ceil(perPart * DAYS_KEPT),
  );
  const level = factor > 0 ? value / factor : value;
  const mean = usual === undefined ? level : usual + (level - usual) / seen;
  const weekSeen = Math.min(
    (profile.weekSeen[weekday] ?? 0) + 1,
    Math.ceil(windowsPerDay * WEEKS_KEPT),
  );
  const known = profile.week[weekday] ?? 1;
  const ratio = usual !== undefined && usual > 0
    ? Math.min(10, value / usual)
    : known;
  return {
    day: profile.day.with(part, mean),
    seen: profile.seen.with(part, seen),
    week: profile.week.with(weekday, known + (ratio - known) / weekSeen),
    weekSeen: profile.weekSeen.with(weekday, weekSeen),
  };
}

/** The usual value of a window; undefined where the profile has not seen that part of a day. */
export function usualValue(
  profile: Profile,
  { windowsPerDay }: ProfileClock,
  window: number,
): number | undefined {
  const parts = profile.day.length;
  // Means stand for the middle of their part; between two middles it is a line.
  const place = (shareOfDay(window, windowsPerDay) +
        0.5 / windowsPerDay) * parts - 0.5;
  const before = Math.floor(place);
  const from = profile.day[(before + parts) % parts];
  const to = profile.day[(before + 1) % parts];
  if (from === undefined || to === undefined) return undefined;
  const weekday = weekdayOf(window, windowsPerDay);
  return (from + (to - from) * (place - before)) *
    weekFactor(profile, weekday, windowsPerDay);
}

/** Factors speak only once every day of the week was seen for half a day: before that a day is like any other. */
function weekFactor(
  { week, weekSeen }: Profile,
  weekday: number,
  windowsPerDay: number,
): number {
  if (weekSeen.some((seen) => seen < windowsPerDay / 2)) return 1;
  const mean = week.reduce((sum, factor) => sum + factor, 0) / 7;
  return mean > 0 ? (week[weekday] ?? 1) / mean : 1;
}

function shareOfDay(window: number, windowsPerDay: number): number {
  const days = window / windowsPerDay;
  return Math.min(days - Math.floor(days), 1 - 1e-12);
}

function weekdayOf(window: number, windowsPerDay: number): number {
  return ((Math.floor(window / windowsPerDay) % 7) + 7) % 7;
}
