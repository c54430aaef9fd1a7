/** A scenario as it runs: loaded, checked, events and assertions parsed once. @module */

import type { CheckedConfig } from "../../../planner/mod.ts";
import type { Expression } from "../expression/mod.ts";
import type {
  ChangeAssertion,
  CounterAssertion,
  EventAssertion,
  StructuredAssertion,
} from "./assertion_types.ts";
import type { Blocks } from "./blocks.ts";
import type { ScenarioEvent } from "./event_types.ts";

/** When a claim has to hold. */
export type When =
  | { readonly kind: "at"; readonly tick: number }
  | { readonly kind: "always"; readonly from: number; readonly to: number }
  | { readonly kind: "eventually"; readonly from: number; readonly to: number };

/** What a value is compared with: written, a field of the same tick, or a field of the configuration in force then. */
export type Against =
  | { readonly kind: "value"; readonly value: number | string | boolean }
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "planner"; readonly name: string };

interface Said {
  readonly description: string | undefined;
  readonly ours: boolean;
}

interface Compared {
  readonly op: StructuredAssertion["op"];
  readonly against: Against;
  readonly tolerance: number;
  readonly when: When;
}

/** One claim. */
export type Assertion =
  & Said
  & (
    | Compared & {
      readonly kind: "field";
      readonly field: StructuredAssertion["field"];
    }
    | Compared & {
      readonly kind: "counter";
      readonly counter: CounterAssertion["counter"];
      readonly perTick: boolean;
    }
    | Compared & {
      readonly kind: "change";
      readonly field: ChangeAssertion["change"];
      readonly sinceTick: number;
    }
    | {
      readonly kind: "expression";
      readonly expression: Expression;
      readonly when: When;
    }
    | {
      readonly kind: "event";
      readonly event: string;
      readonly where: EventAssertion["where"];
      readonly from: number;
      readonly by: number;
      readonly count: EventAssertion["count"];
    }
  );

/** The planner's configuration of a scenario. */
export interface ScenarioPlanner {
  /** Values by their names in the file. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly config: NonNullable<CheckedConfig["config"]>;
  readonly fields: NonNullable<CheckedConfig["fields"]>;
}

/** A scenario without a known problem. */
export interface Scenario extends Blocks {
  /** File name without its ending, or the name of a file of one's own. */
  readonly id: string;
  readonly planner: ScenarioPlanner;
  readonly events: readonly ScenarioEvent[];
  readonly assertions: readonly Assertion[];
}
