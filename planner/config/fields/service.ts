/** Fields about what the planner serves itself. @module */

import { field, text, whole } from "../field.ts";

export const service = {
  control_api_port: field(
    whole(0, 65_535).default(9086),
    "Port of the runtime control API on 127.0.0.1; it serves only with a token.",
    "Write a port from 1 to 65535, or 0 for off.",
  ),
  control_api_token: field(
    text().optional(),
    "Bearer token that the control API asks for.",
    "Write the token, or better control_api_token_file; without one the API is off.",
  ),
  control_api_token_file: field(
    text().optional(),
    "File with that token, read again at every request.",
    "Write the path of a file.",
  ),
  metric_reporting_prometheus_port: field(
    whole(0, 65_535).default(0),
    "Port of /metrics on all addresses; --listen wins.",
    "Write a port from 1 to 65535, or 0 for off.",
  ),
};
