/** Numbers as people read them, with their units. @module */

const formats = new Map<string, Intl.NumberFormat>();

/** Grouped, with so many digits behind the point. */
export function number(value: number, digits = 0): string {
  const key = String(digits);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  return format.format(value);
}

/** Three significant digits and more only where a whole number has them. */
export function brief(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return number(value);
  if (size >= 10) return number(value, 1);
  return number(value, 2);
}

/** `12.4 kW`, `640 W`. */
export function watts(value: number): string {
  return Math.abs(value) >= 10_000
    ? `${number(value / 1000, 1)} kW`
    : `${number(value)} W`;
}

/** `612 ms`, `28.4 ms`, `1.20 s`. */
export function milliseconds(value: number): string {
  if (value >= 10_000) return `${number(value / 1000, 1)} s`;
  return `${value >= 100 ? number(value) : number(value, 1)} ms`;
}

/** `12.3 %`. */
export function percent(share: number, digits = 0): string {
  return `${number(share * 100, digits)} %`;
}

/** `82 %` of the uncapped clock, or that the time was measured at the cap itself. */
export function clockText(clock: number | undefined): string {
  return clock === undefined ? "measured" : percent(clock);
}

/** `1.2 GB`. */
export function bytes(value: number): string {
  if (value >= 1e9) return `${number(value / 1e9, 1)} GB`;
  if (value >= 1e6) return `${number(value / 1e6, 1)} MB`;
  return `${number(value / 1e3)} kB`;
}

/** What stands where a value is not there. */
export const NOTHING = "–";
