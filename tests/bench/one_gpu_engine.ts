/** The engine of the benches that have one GPU a replica, with power awareness and the optimizer, as a configuration says it. @module */

/** YAML of a planner's configuration. */
export const ONE_GPU_ENGINE = `
served_model_name: Qwen/Qwen3-32B
ttft_ms: 1000
itl_ms: 30
load_predictor: constant
enable_power_awareness: true
power_agent_safe_default_watts: 490
enable_aic_optimizer: true
aic_interpolation:
  system: h200_sxm
  backend: vllm
  hf_id: Qwen/Qwen3-32B
  isl: 3000
  osl: 250
  prefill_pick: { tp: 1 }
  decode_pick: { tp: 1 }
`;
