/** Text of one flag → its value, strictly: no trailing garbage, no NaN, no infinity. @module */

import { didYouMean, WattkeeperError } from "../service/mod.ts";
import type { OptionSpec } from "./command.ts";

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?\d+$/;

/**
 * Reads a decimal number and nothing else.
 *
 * @param text what was written
 * @returns the number, or undefined when the text is not exactly one finite number
 */
export function parseStrictNumber(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * Checks one value against its option.
 *
 * @param option kind and choices of the flag
 * @param text what was written
 * @returns the value in the option's kind
 * @throws {WattkeeperError} `invalid_value`
 */
export function checkValue(option: OptionSpec, text: string): string | number {
  if (option.kind === "number") {
    return parseStrictNumber(text) ?? refuse(option, text, "a number");
  }
  if (option.kind === "integer") {
    const value = Number(text);
    return INTEGER.test(text) && Number.isSafeInteger(value)
      ? value
      : refuse(option, text, "a whole number");
  }
  if (option.choices && !option.choices.includes(text)) {
    refuse(option, text, `one of ${option.choices.join(", ")}`);
  }
  return text;
}

function refuse(option: OptionSpec, text: string, wanted: string): never {
  throw new WattkeeperError(
    "invalid_value",
    `--${option.name} must be ${wanted}, found "${text}".${
      didYouMean(text, option.choices ?? [])
    }`,
    {
      where: `--${option.name}`,
      remedy: `Write --${option.name} ${
        option.choices?.[0] ?? option.value ?? "VALUE"
      }.`,
    },
  );
}
