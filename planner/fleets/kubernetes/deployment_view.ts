/** What is scaled and capped, whatever runs it: a DGD or plain workloads. @module */

import type { PerSide } from "../../core/mod.ts";
import type { Component, ObjectReference } from "./component.ts";

/** The deployment at one instant. */
export interface DeploymentView {
  /** What Events are about. */
  readonly reference: ObjectReference;
  /** A person has paused it: `wattkeeper.dev/paused: "true"`. */
  readonly paused: boolean;
  readonly sides: PerSide<Component>;
  /** Lower-case names of all components, managed or not. */
  readonly componentNames: ReadonlySet<string>;
  /** Names of components whose pods are frontends. */
  readonly frontends: ReadonlySet<string>;
  /** Namespace in which the workers register themselves; undefined: the base (P93). */
  readonly runtimeNamespace: string | undefined;
  /** Why it cannot be driven as it is, one sentence each. */
  readonly problems: readonly string[];
  /** What a person should know, and that stops nothing. */
  readonly warnings: readonly string[];
}

/** What the configuration's model name and the components' own say together (P91). */
export function modelProblems(
  sides: PerSide<Component>,
  servedModelName: string | undefined,
): {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
} {
  const named = Object.entries(sides).flatMap(([side, { modelName }]) =>
    modelName === undefined ? [] : [{ side, modelName }]
  );
  const [first] = named;
  const other = named.find(({ modelName }) => modelName !== first?.modelName);
  if (first && other) {
    return {
      problems: [
        `The sides serve different models: ${first.side} "${first.modelName}", ${other.side} "${other.modelName}".`,
      ],
      warnings: [],
    };
  }
  return {
    problems: [],
    warnings: first && servedModelName !== undefined &&
        first.modelName !== servedModelName
      ? [
        `The deployment serves "${first.modelName}", and served_model_name is "${servedModelName}": metrics are asked for by the latter.`,
      ]
      : [],
  };
}
