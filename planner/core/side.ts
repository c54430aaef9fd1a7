/** The sides of a deployment: which kinds of workers a mode has. @module */

/** One kind of worker. */
export type Side = "prefill" | "decode" | "agg";

/** A value for each side that is there. */
export type PerSide<Value> = Readonly<Partial<Record<Side, Value>>>;

/** The sides of a mode, prefill first. */
export function sidesOf(
  mode: "disagg" | "agg" | "prefill" | "decode",
): readonly Side[] {
  switch (mode) {
    case "disagg":
      return ["prefill", "decode"];
    case "agg":
      return ["agg"];
    case "prefill":
      return ["prefill"];
    case "decode":
      return ["decode"];
  }
}
