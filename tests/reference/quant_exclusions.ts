/** Which parts of a checkpoint stay unquantised (`aic-engine.md` §6.2). @module */

import { type Model, objectOf } from "./model.ts";

/** Groups that compute in bfloat16 whatever the GEMM mode is. */
export interface Exclusions {
  readonly q: boolean;
  readonly kv: boolean;
  readonly o: boolean;
  readonly shared: boolean;
}

const PROJECTIONS = {
  q: ["q_a_proj", "q_b_proj", "q_proj"],
  kv: ["kv_a_proj", "kv_b_proj", "kv_proj", "k_proj", "v_proj"],
  o: ["o_proj"],
} as const;

/** Reads the patterns of a checkpoint. */
export function excludedProjections(
  { config, hfQuantConfig }: Model,
): Exclusions {
  const Q = objectOf(config, "quantization_config");
  const H = objectOf(hfQuantConfig, "quantization");
  const patterns = [
    Q["modules_to_not_convert"],
    Q["exclude_modules"],
    Q["ignore"],
    H["exclude_modules"],
    H["ignore"],
  ].flatMap((list) => Array.isArray(list) ? list.map(String) : []);
  const all = Object.values(PROJECTIONS).flat();
  const isWhole = patterns.some((it) =>
    it.includes("self_attn") && !all.some((name) => it.includes(name))
  );
  const has = (group: keyof typeof PROJECTIONS) =>
    isWhole ||
    patterns.some((it) =>
      PROJECTIONS[group].some((name) => names(it).includes(name))
    );
  return {
    q: has("q"),
    kv: has("kv"),
    o: has("o"),
    shared: patterns.some((it) => it.includes("shared_expert")),
  };
}

/** Words of a pattern. */
function names(pattern: string): readonly string[] {
  return pattern.split(/[^A-Za-z0-9_]+/);
}
