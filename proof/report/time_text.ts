/** Times of a run as people read them. @module */

const SECONDS_OF_DAY = 86_400;

/** The clock of a time, or how long after the beginning it is. */
export function timeText(
  seconds: number,
  startMs: number | undefined,
  withSeconds = false,
): string {
  const whole = Math.round(seconds + (startMs ?? 0) / 1000);
  const day = Math.floor(whole / SECONDS_OF_DAY);
  const within = whole - day * SECONDS_OF_DAY;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const hours = startMs === undefined
    ? String(Math.floor(within / 3600) + day * 24)
    : two(within / 3600);
  return `${hours}:${two(within / 60 % 60)}${
    withSeconds ? `:${two(within % 60)}` : ""
  }`;
}
