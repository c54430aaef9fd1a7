/** Fields about what the frontends admit (R18). @module */

import { field, share, whole } from "../field.ts";
import { choice } from "./shared_words.ts";

export const admission = {
  admission_mode: choice(
    ["off", "inherit", "autoset"],
    "off",
    "Whether frontends get admission thresholds (R18).",
  ),
  admission_safety_margin: field(
    share().default(1),
    "Factor on the admission thresholds.",
    "Write a share from 0 to 1, for example 0.95.",
  ),
  frontend_http_port: field(
    whole(1, 65_535).default(8000),
    "Port of a frontend pod that names none.",
    "Write a port from 1 to 65535.",
  ),
  admission_max_theta_prefill: field(
    share().optional(),
    "Upper limit of the implied prefill admission.",
    "Write a share from 0 to 1.",
  ),
  admission_max_theta_decode: field(
    share().optional(),
    "Upper limit of the implied decode admission.",
    "Write a share from 0 to 1.",
  ),
};
