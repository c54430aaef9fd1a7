/** Projections that a quantised checkpoint leaves in bfloat16 (`aic-engine.md` §6.2, attention-projection exclusion). @module */

type JsonObject = { readonly [key: string]: unknown };

/** Which groups of the latent families compute in bfloat16 although the GEMM mode is quantised. */
export interface ExcludedProjections {
  readonly q: boolean;
  readonly kv: boolean;
  readonly o: boolean;
  readonly sharedExperts: boolean;
}

const Q = /q_a_proj|q_b_proj|q_proj/;
const KV = /kv_a_proj|kv_b_proj|kv_proj|k_proj|v_proj/;
const O = /o_proj/;

function texts(container: unknown, ...fields: string[]): string[] {
  if (typeof container !== "object" || container === null) return [];
  return fields.flatMap((field) => {
    const value = (container as JsonObject)[field];
    return Array.isArray(value) ? value.map(String) : [];
  });
}

/** Reads the exclusion patterns of both configuration files. */
export function excludedProjections(
  config: JsonObject,
  hfQuantConfig: JsonObject | null,
): ExcludedProjections {
  const patterns = [
    ...texts(
      config["quantization_config"],
      "modules_to_not_convert",
      "exclude_modules",
      "ignore",
    ),
    ...texts(hfQuantConfig?.["quantization"], "exclude_modules", "ignore"),
  ];
  const whole = patterns.some((pattern) =>
    pattern.includes("self_attn") &&
    !Q.test(pattern) && !KV.test(pattern) && !O.test(pattern)
  );
  const named = (group: RegExp) =>
    whole || patterns.some((pattern) => group.test(pattern));
  return {
    q: named(Q),
    kv: named(KV),
    o: named(O),
    sharedExperts: patterns.some((pattern) =>
      pattern.includes("shared_expert")
    ),
  };
}
