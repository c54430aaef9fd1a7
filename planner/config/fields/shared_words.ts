/** Words and schemas that many fields share. @module */

import { z } from "zod";
import { field } from "../field.ts";

export const WATTS = "Write watts, a whole number of at least 1";
export const SWITCH = "Write true or false.";
export const SECONDS = "Write seconds above 0";

/** A switch with its default. */
export const flag = (value: boolean, description: string) =>
  field(z.boolean().default(value), description, SWITCH);

/** One of a few names, with its default. */
export const choice = <const Names extends readonly [string, ...string[]]>(
  names: Names,
  value: Names[number],
  description: string,
) =>
  field(
    z.enum(names).default(value),
    description,
    `Write ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`,
  );

/** A correction factor of the model. */
export const coefficient = (description: string) =>
  field(
    z.number().min(0.5).max(2).default(1),
    description,
    "Write a factor from 0.5 to 2.0; 1.0 trusts the model.",
  );
