/** How a field of the configuration is described: its schema, what it is for and what to write. @module */

import { z } from "zod";

/** What a person is told about one field. */
export interface FieldText {
  /** What the field does, one sentence. */
  readonly description: string;
  /** What a good value looks like, in the imperative: "Write watts, a whole number of at least 1." */
  readonly write: string;
}

/**
 * Attaches the texts to a schema; call it last, so that defaults are inside.
 *
 * @returns the same schema with its texts in the metadata
 */
export function field<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  write: string,
): Schema {
  return schema.meta({ description, write });
}

/** The texts of a field, or undefined for a schema that was never described. */
export function textOf(schema: z.ZodType): FieldText | undefined {
  const meta = schema.meta();
  return typeof meta?.write === "string"
    ? { description: meta.description ?? "", write: meta.write }
    : undefined;
}

/** A finite number above 0. */
export const positive = () => z.number().positive();
/** A whole number within bounds. */
export const whole = (min: number, max = 1_000_000_000) =>
  z.int().min(min).max(max);
/** A number from 0 to 1. */
export const share = () => z.number().min(0).max(1);
/** A text with something in it. */
export const text = () => z.string().trim().min(1);
