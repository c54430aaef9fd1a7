/** Watts as annotations carry them: strict decimal text, nothing a human or a locale could mean two ways. @module */

/** More than any GPU will be asked to draw; a number above it is a typing error, not a wish. */
export const MAX_WATTS = 100_000;

/**
 * Reads whole watts. Only ASCII digits without sign, blank, unit, exponent, separator or leading zero are a number
 * here: what upstream's lenient parse accepts (`+480`, ` 480 `, `4_80`, `-5`) is more often a mistake than a wish.
 *
 * @returns whole watts, 0…{@linkcode MAX_WATTS}, or undefined when the text is not exactly that
 */
export function parseWholeWatts(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,5})$/.test(text)) return undefined;
  const watts = Number(text);
  return watts <= MAX_WATTS ? watts : undefined;
}

/**
 * Reads the power-limit annotation (`SPEC.md` §9: strict decimal, > 0).
 *
 * @returns whole watts per GPU, or undefined when the value is to count as unparseable
 *
 * @example
 * ```ts
 * parsePowerLimit("300"); // 300
 * parsePowerLimit("300W"); // undefined
 * ```
 */
export function parsePowerLimit(text: string): number | undefined {
  const watts = parseWholeWatts(text);
  return watts === undefined || watts === 0 ? undefined : watts;
}
