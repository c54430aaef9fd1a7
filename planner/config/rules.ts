/** Rules between fields (R1). Each looks only at fields that are valid by themselves. @module */

import { type EngineFields, PICK_SCHEMA } from "./engine_fields.ts";
import type { Fields } from "./fields.ts";
import { gpusOf } from "./from_fields.ts";
import { enabledIntervals } from "./scaling_fields.ts";

/** A broken rule: the field to change, what was found, what to write. */
export interface BrokenRule {
  readonly path: readonly string[];
  readonly found: string;
  readonly write: string;
}

/** Fields that are valid by themselves; a field that is not is absent here. */
export type ValidFields = Partial<Fields>;

type Rule = (fields: ValidFields) => readonly (BrokenRule | false)[];

const missing = (
  absent: boolean,
  path: readonly string[],
  because: string,
  write: string,
): BrokenRule | false =>
  absent && { path, found: `found nothing, and ${because}`, write };

/** Sides of a mode that have workers. */
const sides = (fields: ValidFields) => ({
  prefill: fields.mode === "disagg" || fields.mode === "prefill",
  decode: fields.mode === "disagg" || fields.mode === "decode",
  agg: fields.mode === "agg",
});

const identity: Rule = (fields) =>
  fields.environment !== "kubernetes" ? [] : [
    missing(
      fields.namespace === undefined,
      ["namespace"],
      "environment is kubernetes",
      "Write the namespace, set DYN_PARENT_DGD_K8S_NAMESPACE, or write environment: simulated.",
    ),
    missing(
      fields.dgd_name === undefined,
      ["dgd_name"],
      "environment is kubernetes",
      "Write the deployment's name, set DYN_PARENT_DGD_K8S_NAME, or write environment: simulated.",
    ),
    missing(
      fields.served_model_name === undefined,
      ["served_model_name"],
      "environment is kubernetes",
      "Write the model name that clients send.",
    ),
  ];

const scaling: Rule = (fields) => {
  const load = fields.load_adjustment_interval_seconds;
  const throughput = fields.throughput_adjustment_interval_seconds;
  return [
    fields.optimization_target === "sla" &&
    fields.enable_throughput_scaling === false &&
    fields.enable_load_scaling === false && {
      path: ["enable_throughput_scaling"],
      found: "found both kinds of scaling off",
      write: "Write true for enable_throughput_scaling or enable_load_scaling.",
    },
    fields.optimization_target === "sla" &&
    fields.enable_throughput_scaling === true &&
    fields.enable_load_scaling === true && load !== undefined &&
    throughput !== undefined && load >= throughput && {
      path: ["load_adjustment_interval_seconds"],
      found:
        `found ${load}, not shorter than the throughput interval of ${throughput}`,
      write: `Write less than ${throughput} seconds.`,
    },
    missing(
      fields.traffic_source === "trace" && fields.trace_file === undefined,
      ["trace_file"],
      "traffic_source is trace",
      "Write the path of a trace file, or pass --trace FILE.",
    ),
  ];
};

const thresholds: Rule = (fields) => {
  const has = sides(fields);
  const isLoad = fields.optimization_target === "load";
  const pair = (
    up: "prefill_scale_up_queue_tokens" | "decode_scale_up_kv_rate",
    down: "prefill_scale_down_queue_tokens" | "decode_scale_down_kv_rate",
    isActive: boolean,
  ) => {
    const [above, below] = [fields[up], fields[down]];
    const because = "optimization_target is load";
    return [
      missing(
        isLoad && isActive && above === undefined,
        [up],
        because,
        `Write the threshold that adds a replica, above ${down}.`,
      ),
      missing(
        isLoad && isActive && below === undefined,
        [down],
        because,
        `Write the threshold that removes a replica, below ${up}.`,
      ),
      above !== undefined && below !== undefined && above <= below && {
        path: [up],
        found: `found ${above}, not above ${down} ${below}`,
        write: `Write more than ${below}.`,
      },
    ];
  };
  return [
    ...pair(
      "prefill_scale_up_queue_tokens",
      "prefill_scale_down_queue_tokens",
      has.prefill,
    ),
    ...pair(
      "decode_scale_up_kv_rate",
      "decode_scale_down_kv_rate",
      has.decode || has.agg,
    ),
  ];
};

/** P1: an explicit interval divides the intervals of the kinds of scaling that are on. */
const schedule: Rule = (fields) => {
  const {
    scheduling,
    optimization_target,
    enable_throughput_scaling,
    enable_load_scaling,
    throughput_adjustment_interval_seconds,
    load_adjustment_interval_seconds,
  } = fields;
  const step = scheduling?.scale_interval_seconds;
  if (
    !scheduling || step === undefined || optimization_target === undefined ||
    enable_throughput_scaling === undefined ||
    enable_load_scaling === undefined ||
    throughput_adjustment_interval_seconds === undefined ||
    load_adjustment_interval_seconds === undefined
  ) return [];
  const intervals = enabledIntervals({
    scheduling,
    optimization_target,
    enable_throughput_scaling,
    enable_load_scaling,
    throughput_adjustment_interval_seconds,
    load_adjustment_interval_seconds,
  });
  const odd = intervals.find((seconds) =>
    Math.round(seconds * 1000) % Math.max(1, Math.round(step * 1000)) !== 0
  );
  return [
    odd !== undefined && {
      path: ["scheduling", "scale_interval_seconds"],
      found: `found ${step}, which does not divide the interval of ${odd}`,
      write: "Write seconds that divide every enabled interval.",
    },
  ];
};

const budgets: Rule = (fields) => {
  const { max_gpu_budget: max, min_gpu_budget: min } = fields;
  return [
    min !== undefined && max !== undefined && max !== -1 && min > max && {
      path: ["min_gpu_budget"],
      found: `found ${min}, more than max_gpu_budget ${max}`,
      write: `Write at most ${max}, or raise max_gpu_budget.`,
    },
  ];
};

const floors: Rule = (fields) => {
  const has = sides(fields);
  const inactive = (name: "prefill" | "decode") =>
    fields.mode !== undefined && !has[name] &&
    fields[`${name}_min_endpoint`] !== undefined && {
      path: [`${name}_min_endpoint`],
      found: `found a floor for a side that mode ${fields.mode} does not have`,
      write: "Remove it; min_endpoint holds for the side that is there.",
    };
  return [inactive("prefill"), inactive("decode"), floorFootprint(fields)];
};

/** P42: floors that do not fit the GPU budget can never be served. */
function floorFootprint(fields: ValidFields): BrokenRule | false {
  const { max_gpu_budget: max, min_endpoint: floor } = fields;
  if (max === undefined || max === -1 || floor === undefined) return false;
  const has = sides(fields);
  const engine = fields.aic_interpolation;
  const width = (side: "prefill" | "decode") => {
    const pick = engine?.[`${side}_pick`];
    return pick ? gpusOf(pick) : fields[`${side}_engine_num_gpu`] ?? 0;
  };
  const prefill = has.prefill
    ? (fields.prefill_min_endpoint ?? floor) * width("prefill")
    : 0;
  const decode = has.decode || has.agg
    ? (fields.decode_min_endpoint ?? floor) * width("decode")
    : 0;
  return prefill + decode > max && {
    path: ["max_gpu_budget"],
    found: `found ${max}, and the floors alone need ${prefill + decode} GPUs`,
    write: `Write at least ${prefill + decode}, or lower min_endpoint.`,
  };
}

const power: Rule = (fields) =>
  fields.enable_power_awareness !== true ? [] : [
    missing(
      fields.total_gpu_power_limit === undefined,
      ["total_gpu_power_limit"],
      "enable_power_awareness is true",
      "Write the watt budget: rack watts × headroom (0.9; 0.85 when several replicas may start at once) − watts of everything that is not a GPU (R30).",
    ),
    missing(
      fields.power_agent_safe_default_watts === undefined,
      ["power_agent_safe_default_watts"],
      "enable_power_awareness is true",
      "Write watts per GPU, about 70 % of the GPU's TDP, for example 490 for an H200.",
    ),
  ];

const optimizer: Rule = (fields) =>
  fields.enable_aic_optimizer !== true ? [] : [
    fields.enable_power_awareness === false && {
      path: ["enable_aic_optimizer"],
      found: "found true, and enable_power_awareness is false",
      write: "Write enable_power_awareness: true, or turn the optimizer off.",
    },
    missing(
      fields.aic_interpolation === undefined,
      ["aic_interpolation"],
      "enable_aic_optimizer is true",
      "Write { system, backend, hf_id, isl, osl, prefill_pick, decode_pick }.",
    ),
  ];

const engine: Rule = (fields) => {
  const block = fields.aic_interpolation;
  if (!block) return [];
  const has = sides(fields);
  const at = (name: string) => ["aic_interpolation", name];
  const because = `mode is ${fields.mode}`;
  return [
    missing(
      has.prefill && block.prefill_pick === undefined,
      at("prefill_pick"),
      because,
      "Write the parallelism of the prefill workers, { tp: 2 }.",
    ),
    missing(
      (has.decode || has.agg) && block.decode_pick === undefined,
      at("decode_pick"),
      because,
      "Write the parallelism of the workers, { tp: 2 }.",
    ),
    (block.hf_id === undefined) === (block.model_config === undefined) && {
      path: at("hf_id"),
      found: block.hf_id === undefined
        ? "found neither hf_id nor model_config"
        : "found both hf_id and model_config",
      write: "Write one of the two, for example hf_id: Qwen/Qwen3-32B.",
    },
    missing(
      block.backend === undefined && fields.backend === undefined,
      at("backend"),
      "the field backend is not written either",
      "Write vllm, sglang or trtllm.",
    ),
    block.backend !== undefined && fields.backend !== undefined &&
    block.backend !== fields.backend && {
      path: ["backend"],
      found:
        `found ${fields.backend}, and aic_interpolation.backend is ${block.backend}`,
      write: "Write the same, or remove this one.",
    },
    ...pickRules(block, "prefill_pick"),
    ...pickRules(block, "decode_pick"),
  ];
};

function pickRules(
  block: EngineFields,
  name: "prefill_pick" | "decode_pick",
): (BrokenRule | false)[] {
  const pick = block[name];
  if (!pick) return [];
  const needed = pick.tp * pick.pp * pick.dp;
  const experts = pick.moe_tp * pick.moe_ep;
  return [
    pick.num_gpus !== undefined && pick.num_gpus !== needed && {
      path: ["aic_interpolation", name, "num_gpus"],
      found: `found ${pick.num_gpus}, and tp × pp × dp is ${needed}`,
      write: `Write ${needed}, or leave it out.`,
    },
    experts !== 1 && experts !== pick.tp * pick.dp && {
      path: ["aic_interpolation", name, "moe_ep"],
      found: `found moe_tp × moe_ep = ${experts}, and tp × dp is ${
        pick.tp * pick.dp
      }`,
      write: "Write moe_tp and moe_ep whose product is tp × dp.",
    },
  ];
}

const RULES: readonly Rule[] = [
  identity,
  scaling,
  thresholds,
  schedule,
  budgets,
  floors,
  power,
  optimizer,
  engine,
];

/** Every broken rule, in the order of the documentation. */
export function brokenRules(fields: ValidFields): BrokenRule[] {
  return RULES.flatMap((rule) => rule(fields)).filter((found) =>
    found !== false
  );
}

/** Names inside a pick, for the nearest-name hint. */
export const PICK_NAMES = Object.keys(PICK_SCHEMA.shape);
