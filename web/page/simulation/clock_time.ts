/** Time of a simulation as people read it. @module */

/** `14:05`, and `2d 14:05` after the first day. */
export function clockTime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const [days, hour, minute] = [
    Math.floor(minutes / 1440),
    Math.floor(minutes / 60) % 24,
    minutes % 60,
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  return `${days > 0 ? `${days}d ` : ""}${two(hour)}:${two(minute)}`;
}
