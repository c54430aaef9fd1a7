/** A claim in one line. @module */

import type { Against, Assertion, When } from "../schema/scenario.ts";

/** `c_power_d within 1.35 ± 0.15 at tick 50`. */
export function describe(assertion: Assertion): string {
  switch (assertion.kind) {
    case "expression":
      return `${assertion.expression.text} ${whenText(assertion.when)}`;
    case "event": {
      const { event, where, from, by, count } = assertion;
      const says = Object.entries(where).map(([name, value]) =>
        ` ${name}=${value}`
      ).join("");
      return `${event}${says} in ticks ${from} to ${by} ${count.op} ${count.value} times`;
    }
    case "field":
      return compared(assertion.field, assertion);
    case "counter":
      return compared(
        assertion.perTick
          ? `growth of ${assertion.counter}`
          : assertion.counter,
        assertion,
      );
    case "change":
      return compared(
        `${assertion.field} less its value at tick ${assertion.sinceTick}`,
        assertion,
      );
  }
}

function compared(
  what: string,
  { op, against, tolerance, when }: Extract<Assertion, { op: unknown }>,
): string {
  const within = op === "within" ? ` ± ${tolerance}` : "";
  return `${what} ${op} ${againstText(against)}${within} ${whenText(when)}`;
}

function againstText(against: Against): string {
  switch (against.kind) {
    case "value":
      return String(against.value);
    case "field":
      return against.name;
    case "planner":
      return `planner.${against.name}`;
  }
}

function whenText(when: When): string {
  switch (when.kind) {
    case "at":
      return `at tick ${when.tick}`;
    case "always":
      return `in ticks ${when.from} to ${when.to}`;
    case "eventually":
      return `once in ticks ${when.from} to ${when.to}`;
  }
}
