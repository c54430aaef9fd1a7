/** Watts as people write them on the command line: `12000`, `12kW`, `0.4MW`. @module */

import { WattkeeperError } from "../service/mod.ts";
import { parseStrictNumber } from "./value.ts";

const SCALES: Readonly<Record<string, number>> = {
  "": 1,
  W: 1,
  kW: 1e3,
  KW: 1e3,
  MW: 1e6,
};

/**
 * Reads a power.
 *
 * @param text `12000`, `700W`, `12kW`, `0.4MW`, with or without a blank before the unit
 * @param where the flag it was given to
 * @returns watts, finite and above zero
 * @throws {WattkeeperError} `invalid_value`
 *
 * @example
 * ```ts
 * parseWatts("12kW", "--power-budget-watts"); // 12000
 * ```
 */
export function parseWatts(text: string, where: string): number {
  const unit = text.match(/[A-Za-z]*$/)?.[0] ?? "";
  const amount = parseStrictNumber(
    text.slice(0, text.length - unit.length).replace(/ $/, ""),
  );
  const scale = SCALES[unit];
  if (amount === undefined || scale === undefined) {
    throw new WattkeeperError("invalid_value", notWatts(text, unit), {
      where,
      remedy: `Write ${where} 12000, 12kW or 0.4MW.`,
    });
  }
  // Rounded to the milliwatt, the unit of the hardware, so that 0.4MW is 400000 and not a neighbour of it.
  const watts = Math.round(amount * scale * 1000) / 1000;
  if (!(watts > 0) || !Number.isFinite(watts)) {
    throw new WattkeeperError(
      "invalid_value",
      `${where} must be above zero, found "${text}".`,
      { where, remedy: `Write ${where} 12000, 12kW or 0.4MW.` },
    );
  }
  return watts;
}

function notWatts(text: string, unit: string): string {
  return unit.toLowerCase() === "mw" && unit !== "MW"
    ? `"${text}" reads as milliwatts; megawatts are written "MW".`
    : `"${text}" is no power.`;
}
