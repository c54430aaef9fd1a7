/** Reads one assertion: its form by its key, exactly one time, exactly one thing to compare with. @module */

import { type ConfigProblem, FIELD_NAMES } from "../../../planner/mod.ts";
import { didYouMean } from "../../../service/mod.ts";
import { ExpressionError, expressionOf } from "../expression/mod.ts";
import { isSnapshotField, SNAPSHOT_NAMES } from "../snapshot.ts";
import { type FormKey, FORMS } from "./assertion_types.ts";
import { isMapping } from "./merge.ts";
import { pathText, problemsOf } from "./problems.ts";
import type { Against, Assertion, When } from "./scenario.ts";

/** Smallest share that `within` takes for granted. */
const USUAL_TOLERANCE = 0.05;

/** What comes of reading. */
export interface ReadAssertion {
  readonly assertion: Assertion | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Reads the assertion at a path. @param ticks of the scenario */
export function readAssertion(
  raw: unknown,
  path: readonly PropertyKey[],
  ticks: number,
): ReadAssertion {
  const refuse = (
    found: string,
    write: string,
    at: readonly PropertyKey[] = path,
  ): ReadAssertion => ({
    assertion: undefined,
    problems: [{ path: pathText(at), found, write }],
  });
  if (!isMapping(raw)) {
    return refuse("found no fields", "Write an assertion.");
  }
  const keys = Object.keys(FORMS) as FormKey[];
  const form = keys.find((key) => key in raw);
  if (!form) {
    return refuse(
      `found ${Object.keys(raw).join(", ") || "nothing"}`,
      `Write one of ${keys.join(", ")}.`,
    );
  }
  const schema = FORMS[form];
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const known = Object.keys(schema.shape);
    return {
      assertion: undefined,
      problems: problemsOf(parsed.error.issues, {
        prefix: path,
        value: raw,
        known: (inside) => inside.length === 0 ? known : [],
      }),
    };
  }
  const value = parsed.data;
  const said = { description: value.description, ours: value.ours };
  if ("event" in value) {
    const { event, where, count, from_tick: from } = value;
    const by = Math.min(value.by_tick ?? ticks, ticks);
    return done({ ...said, kind: "event", event, where, count, from, by });
  }
  const when = whenOf(value, ticks);
  if (typeof when === "string") {
    return refuse(
      when,
      "Write exactly one of at_tick, always: true and eventually_by_tick, within the ticks of the run.",
    );
  }
  if ("expression" in value) {
    try {
      const expression = expressionOf(value.expression, isPlannerField);
      return done({ ...said, kind: "expression", expression, when });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return refuse(
        `found an expression that is none at character ${
          error.at + 1
        }: ${error.message}`,
        "Correct it.",
        [...path, "expression"],
      );
    }
  }
  const against = againstOf(value);
  if (typeof against === "string") {
    return refuse(against, "Write exactly one of value and ref.");
  }
  const { op } = value;
  if (value.tolerance !== undefined && op !== "within") {
    return refuse(
      `found a tolerance for ${op}`,
      "Remove it, or write op: within.",
      [...path, "tolerance"],
    );
  }
  const compared = {
    ...said,
    op,
    against,
    when,
    tolerance: value.tolerance ?? USUAL_TOLERANCE,
  };
  if ("counter" in value) {
    const { counter, per_tick: perTick } = value;
    return done({ ...compared, kind: "counter", counter, perTick });
  }
  if ("change" in value) {
    const { change: field, since_tick: sinceTick } = value;
    return done({ ...compared, kind: "change", field, sinceTick });
  }
  return done({ ...compared, kind: "field", field: value.field });
}

function done(assertion: Assertion): ReadAssertion {
  return { assertion, problems: [] };
}

function isPlannerField(name: string): boolean {
  return ["ttft", "itl", ...FIELD_NAMES].includes(name);
}

function whenOf(
  value: {
    readonly at_tick?: number | undefined;
    readonly always?: true | undefined;
    readonly eventually_by_tick?: number | undefined;
    readonly from_tick?: number | undefined;
    readonly to_tick?: number | undefined;
  },
  ticks: number,
): When | string {
  const { at_tick: at, always, eventually_by_tick: by } = value;
  const given = [at, always, by].filter((one) => one !== undefined).length;
  if (given === 0) return "found no time at which it has to hold";
  if (given > 1) return `found ${given} times at which it has to hold`;
  const from = value.from_tick ?? 0;
  const to = value.to_tick ?? ticks - 1;
  const last = at ?? by ?? to;
  if (last >= ticks) return `found tick ${last} of a run of ${ticks} ticks`;
  if (at !== undefined) return { kind: "at", tick: at };
  if (from > Math.min(last, to)) return `found from_tick ${from} after its end`;
  return by !== undefined
    ? { kind: "eventually", from, to: by }
    : { kind: "always", from, to };
}

function againstOf(
  { value, ref }: {
    readonly value?: number | string | boolean | undefined;
    readonly ref?: string | undefined;
  },
): Against | string {
  if (value !== undefined && ref !== undefined) return "found value and ref";
  if (value !== undefined) return { kind: "value", value };
  if (ref === undefined) return "found neither value nor ref";
  const [root = "", field] = ref.split(".");
  if (field === undefined) {
    return isSnapshotField(root)
      ? { kind: "field", name: root }
      : `found ref "${ref}", which is no field.${
        didYouMean(root, SNAPSHOT_NAMES)
      }`;
  }
  switch (root) {
    case "planner":
      return isPlannerField(field)
        ? { kind: "planner", name: field }
        : `found ref "${ref}", which is no field of the planner.${
          didYouMean(field, FIELD_NAMES)
        }`;
    case "counters":
      return isSnapshotField(field)
        ? { kind: "field", name: field }
        : `found ref "${ref}", which is no counter.${
          didYouMean(field, SNAPSHOT_NAMES)
        }`;
    default:
      return `found ref "${ref}": a ref is a field, planner.<field> or counters.<field>`;
  }
}
