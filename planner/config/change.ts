/** What a changed file means for a running planner: a pure comparison (R2). @module */

import type { FieldName, Fields } from "./fields.ts";
import { fromFields } from "./from_fields.ts";
import { checkPlannerConfig, type ConfigInput } from "./parse.ts";
import type { PlannerConfig } from "./planner_config.ts";
import type { ConfigProblem } from "./problem.ts";
import { brokenRules } from "./rules.ts";
import {
  changedFields,
  changesAtRunTime,
  withoutRestartFields,
} from "./runtime_fields.ts";

/** What came of a new text. */
export type ConfigChange =
  /** Nothing that matters: another order, a comment. */
  | { readonly kind: "same" }
  | {
    readonly kind: "changed";
    readonly config: PlannerConfig;
    /** In force from now on. */
    readonly changed: readonly FieldName[];
    /** Changed in the file, and in force only after a restart. */
    readonly needRestart: readonly FieldName[];
    readonly warnings: readonly ConfigProblem[];
  }
  /** The old configuration stays in force. */
  | { readonly kind: "invalid"; readonly problems: readonly ConfigProblem[] };

/** A change and the fields that are in force after it. */
export interface JudgedChange {
  readonly change: ConfigChange;
  readonly inForce: Fields;
}

/**
 * Judges a new text against the fields in force.
 *
 * @param input the new text with everything that goes on top of it
 */
export function judgeChange(inForce: Fields, input: ConfigInput): JudgedChange {
  const { fields, problems, warnings } = checkPlannerConfig(input);
  if (!fields) return { inForce, change: { kind: "invalid", problems } };
  const differing = changedFields(inForce, fields);
  const changed = differing.filter(changesAtRunTime);
  const needRestart = differing.filter((name) => !changesAtRunTime(name));
  if (differing.length === 0) return { inForce, change: { kind: "same" } };
  const next = withoutRestartFields(inForce, fields);
  // The file is sound; what is left of it without the restart may not be.
  const broken = brokenRules(next);
  if (broken.length > 0) {
    return {
      inForce,
      change: {
        kind: "invalid",
        problems: broken.map(({ path, found, write }) => ({
          path: path.join("."),
          origin: input.name,
          found: `${found}, while ${needRestart.join(", ")} wait for a restart`,
          write: `Restart the planner. ${write}`,
        })),
      },
    };
  }
  return {
    inForce: next,
    change: {
      kind: "changed",
      config: fromFields(next),
      changed,
      needRestart,
      warnings,
    },
  };
}
