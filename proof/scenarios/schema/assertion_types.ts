/** What a scenario claims: structured, expression, counter, change, event-log. Field names are those of the snapshot. @module */

import { z } from "zod";
import { COUNTER_NAMES, SNAPSHOT_NAMES } from "../snapshot.ts";

/** How two values are compared. */
export const OPERATORS = ["<", "<=", "==", ">=", ">", "!=", "within"] as const;
/** One of them. */
export type Operator = typeof OPERATORS[number];

const tick = z.int().min(0);
const said = {
  description: z.string().optional(),
  /** The claim is ours: stronger than where the scenario's idea comes from. */
  ours: z.boolean().default(false),
};
/** Exactly one of the first three is there; checked by the loader. */
const when = {
  at_tick: tick.optional(),
  always: z.literal(true).optional(),
  eventually_by_tick: tick.optional(),
  /** Narrows `always` and `eventually_by_tick`. */
  from_tick: tick.optional(),
  to_tick: tick.optional(),
};
const field = z.enum(SNAPSHOT_NAMES as [string, ...string[]]);
const compared = {
  op: z.enum(OPERATORS),
  /** Exactly one of `value` and `ref`. */
  value: z.union([z.number(), z.string(), z.boolean()]).optional(),
  /** Evaluated at the same tick: a snapshot field, or `planner.<field>` of the configuration in force then. */
  ref: z.string().optional(),
  tolerance: z.number().min(0).optional(),
};

export const STRUCTURED = z.strictObject({
  field,
  ...compared,
  ...when,
  ...said,
});
export const EXPRESSION = z.strictObject({
  expression: z.string(),
  ...when,
  ...said,
});
export const COUNTER = z.strictObject({
  counter: z.enum(COUNTER_NAMES as [string, ...string[]]),
  /** Its growth within the tick, and not since the start. */
  per_tick: z.boolean().default(false),
  ...compared,
  ...when,
  ...said,
});
export const CHANGE = z.strictObject({
  /** The field's value less its value at `since_tick`. */
  change: field,
  since_tick: tick,
  ...compared,
  ...when,
  ...said,
});
export const EVENT = z.strictObject({
  /** Name in the event log: a reason of a decision, `step`, `alarm`, `wait`, `fault`, … */
  event: z.string().min(1),
  /** What its entry has to say; `"re:…"` is a pattern. */
  where: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({}),
  from_tick: tick.default(0),
  /** Absent: until the end. */
  by_tick: tick.optional(),
  /** How often; absent: at least once. */
  count: z.strictObject({
    op: z.enum(["<", "<=", "==", ">=", ">", "!="]),
    value: z.int().min(0),
  }).default({ op: ">=", value: 1 }),
  ...said,
});

/** The forms, by the key that tells them apart. */
export const FORMS = {
  field: STRUCTURED,
  expression: EXPRESSION,
  counter: COUNTER,
  change: CHANGE,
  event: EVENT,
} as const;

/** Key of a form. */
export type FormKey = keyof typeof FORMS;

export type StructuredAssertion = z.infer<typeof STRUCTURED>;
export type ExpressionAssertion = z.infer<typeof EXPRESSION>;
export type CounterAssertion = z.infer<typeof COUNTER>;
export type ChangeAssertion = z.infer<typeof CHANGE>;
export type EventAssertion = z.infer<typeof EVENT>;
