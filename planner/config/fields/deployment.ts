/** Fields about what is deployed and where. @module */

import { z } from "zod";
import { field, text, whole } from "../field.ts";
import { choice, flag } from "./shared_words.ts";

export const deployment = {
  mode: choice(
    ["disagg", "agg", "prefill", "decode"],
    "disagg",
    "Which workers the deployment has.",
  ),
  environment: choice(
    ["kubernetes", "virtual", "simulated"],
    "kubernetes",
    "Where the workers run.",
  ),
  namespace: field(
    text().optional(),
    "Kubernetes namespace of the deployment.",
    "Write the namespace, or set DYN_PARENT_DGD_K8S_NAMESPACE.",
  ),
  dynamo_namespace: field(
    text().optional(),
    "Dynamo's own namespace, the label `dynamo_namespace` of the metrics.",
    "Write it, set DYN_NAMESPACE, or leave it out for NAMESPACE-DGD_NAME.",
  ),
  dgd_name: field(
    text().optional(),
    "Name of the DynamoGraphDeployment.",
    "Write its name, or set DYN_PARENT_DGD_K8S_NAME.",
  ),
  served_model_name: field(
    text().optional(),
    "Name under which the frontend serves the model.",
    "Write the name that clients send as `model`.",
  ),
  backend: field(
    z.enum(["vllm", "sglang", "trtllm"]).optional(),
    "Serving backend; aic_interpolation.backend wins.",
    "Write vllm, sglang or trtllm.",
  ),
  isl: field(
    whole(1, 10_000_000).default(3000),
    "Input tokens of a request before traffic says otherwise.",
    "Write tokens, a whole number of at least 1, for example 3000.",
  ),
  osl: field(
    whole(1, 10_000_000).default(150),
    "Output tokens of a request before traffic says otherwise.",
    "Write tokens, a whole number of at least 1, for example 150.",
  ),
  paused: flag(
    false,
    "Observe and decide, write nothing until cleared.",
  ),
  advisory: flag(
    false,
    "No write of any kind leaves the process; decisions are computed and shown.",
  ),
};
