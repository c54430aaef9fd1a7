/** The flags of `sweep`. @module */

import type { OptionSpec } from "../command.ts";
import { POWER_CURVES_OPTION } from "../power_curves.ts";

const DATABASE_MODES = ["SILICON", "HYBRID", "EMPIRICAL", "SOL", "ROOFLINE"];

const text = (
  name: string,
  value: string,
  help: string,
  more: Partial<OptionSpec> = {},
): OptionSpec => ({ name, kind: "string", value, help, ...more });

const whole = (
  name: string,
  help: string,
  more: Partial<OptionSpec> = {},
): OptionSpec => ({ name, kind: "integer", value: "N", help, ...more });

const real = (
  name: string,
  value: string,
  help: string,
  more: Partial<OptionSpec> = {},
): OptionSpec => ({ name, kind: "number", value, help, ...more });

/** In the order of the help. */
export const OPTIONS: readonly OptionSpec[] = [
  text("model", "NAME", "Model; `data list --models` has them.", {
    required: true,
  }),
  text("system", "NAME", "GPU system, such as h200_sxm.", { required: true }),
  text("backend", "NAME", "vllm, trtllm or sglang.", { default: "vllm" }),
  text(
    "backend-version",
    "VERSION",
    "Version of its tables, or current, previous, next. Without it the data's default.",
  ),
  whole("total-gpus", "GPUs that there are.", { required: true }),
  real("ttft-ms", "MS", "Target for the time to first token.", {
    default: 2000,
  }),
  real("itl-ms", "MS", "Target for the inter-token latency.", { default: 30 }),
  whole("isl", "Input tokens of a request.", { default: 4000 }),
  whole("osl", "Output tokens of a request.", { default: 1000 }),
  whole("prefix", "Input tokens that a cache holds.", { default: 0 }),
  text("mode", "MODE", "Prefill and decode apart, together, or the better.", {
    choices: ["agg", "disagg", "best"],
    default: "best",
  }),
  text(
    "power-budget-watts",
    "POWER",
    "Most watts of all caps together: 12000, 12kW, 0.4MW.",
  ),
  real(
    "request-rate",
    "RATE",
    "Requests a second to serve; without it as many as possible.",
  ),
  text("objective", "WHAT", "Tokens a second, or tokens a second a watt.", {
    choices: ["throughput", "efficiency"],
    default: "throughput",
  }),
  text(
    "pin-prefill",
    "LAYOUT",
    "The deployed prefill layout: tp=4,pp=1,dp=1,moe_tp=1,moe_ep=4.",
  ),
  text("pin-decode", "LAYOUT", "The same for decode workers."),
  text("pin-agg", "LAYOUT", "The same for aggregated workers."),
  text(
    "caps",
    "HOW",
    "own-draw: the cap that costs nothing; free: any that the curve allows; none: no caps, charged by draw. Without it free with a power budget or efficiency, else own-draw.",
    { choices: ["own-draw", "free", "none"] },
  ),
  text("prefill-cap-watts", "POWER", "A given cap of prefill GPUs."),
  text("decode-cap-watts", "POWER", "A given cap of decode GPUs."),
  text("agg-cap-watts", "POWER", "A given cap of aggregated GPUs."),
  {
    name: "allow-unmeasured-caps",
    kind: "boolean",
    help:
      "Search caps down to the GPU's lowest, below what power curves were measured for.",
  },
  {
    name: "corrections",
    kind: "boolean",
    help:
      "AIC's correction factors on latencies and rates; --no-corrections for the bare estimates.",
    default: true,
  },
  real(
    "admission-max-theta-prefill",
    "SHARE",
    "Upper limit of the implied prefill admission threshold.",
  ),
  real(
    "admission-max-theta-decode",
    "SHARE",
    "Upper limit of the implied decode admission threshold.",
  ),
  text(
    "database-mode",
    "MODE",
    "Without it SILICON where tables are imported, else ROOFLINE.",
    { choices: DATABASE_MODES },
  ),
  whole("top", "Pairs of layouts to rank.", { default: 5 }),
  {
    name: "frontier",
    kind: "boolean",
    help:
      "Frontiers and what relaxing a constraint buys; --no-frontier for the best alone.",
    default: true,
  },
  POWER_CURVES_OPTION,
  text(
    "store",
    "DIR",
    "Where the imported data lies; $XDG_DATA_HOME/wattkeeper without.",
  ),
];
