/** Which component is which side (P87), all problems together (P88). Pure. @module */

import type { PerSide, Side } from "../../core/mod.ts";
import type { ComponentRole } from "./component.ts";

/** What roles are found by. */
export interface Named {
  readonly name: string;
  readonly role: ComponentRole;
}

/** The sides that were found, and a sentence for each that was not. */
export interface Roles<Found extends Named> {
  readonly sides: PerSide<Found>;
  readonly problems: readonly string[];
}

/** Old Kubernetes names of workers, as a last hint for components without a type (P92). */
const USUAL_NAMES: Readonly<Record<"prefill" | "decode", RegExp>> = {
  prefill: /^(?:prefill|(?:vllm|sglang|trtllm)prefillworker)$/i,
  decode: /^(?:decode|backend|(?:vllm|sglang|trtllm)(?:decode)?worker)$/i,
};

/** Finds each wanted side; aggregated workers are found as decode. */
export function findRoles<Found extends Named>(
  components: readonly Found[],
  wanted: readonly Side[],
): Roles<Found> {
  const sides: Partial<Record<Side, Found>> = {};
  const problems: string[] = [];
  for (const side of wanted) {
    const found = findRole(components, side === "prefill" ? side : "decode");
    if (typeof found === "string") problems.push(found);
    else sides[side] = found;
  }
  return { sides, problems };
}

function findRole<Found extends Named>(
  components: readonly Found[],
  role: "prefill" | "decode",
): Found | string {
  const typed = components.filter((one) => one.role === role);
  const [only] = typed;
  if (typed.length > 1) {
    return `Two components say that they are ${role}: ${
      names(typed)
    }. Only one of them can be scaled and capped.`;
  }
  if (only) return only;
  const workers = components.filter((one) => one.role === "worker");
  if (role === "decode") {
    const [worker] = workers;
    if (workers.length === 1 && worker) return worker;
  }
  const named = components.filter((one) =>
    (one.role === "worker" || one.role === "untyped") &&
    USUAL_NAMES[role].test(one.name)
  );
  const [hint] = named;
  if (named.length === 1 && hint) return hint;
  return `No component is ${role}: found ${
    components.map(({ name, role }) => `"${name}" (${role})`).join(", ") ||
    "none"
  }. Give the ${role} workers the type "${role}".`;
}

function names(components: readonly Named[]): string {
  return components.map(({ name }) => `"${name}"`).join(", ");
}
