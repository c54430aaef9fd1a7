/** Fields about how Prometheus is reached. @module */

import { z } from "zod";
import { field, positive, text } from "../field.ts";
import { choice, flag, SECONDS } from "./shared_words.ts";

export const prometheus = {
  prometheus_url: field(
    z.url({ protocol: /^https?$/ }).default(
      "http://prometheus-kube-prometheus-prometheus.monitoring.svc.cluster.local:9090",
    ),
    "Where Prometheus answers.",
    "Write an http or https address, for example http://prometheus:9090.",
  ),
  prometheus_bearer_token: field(
    text().optional(),
    "Bearer token of Prometheus.",
    "Write the token, or better prometheus_bearer_token_file.",
  ),
  prometheus_bearer_token_file: field(
    text().optional(),
    "File with the bearer token, read again at every request.",
    "Write the path of a file.",
  ),
  prometheus_ca_bundle: field(
    text().optional(),
    "Certificates that Prometheus is verified with; turns verification on.",
    "Write the path of a PEM file.",
  ),
  prometheus_verify: flag(true, "Verify the certificate of Prometheus."),
  prometheus_extra_query_params: field(
    z.record(z.string(), z.string()).default({}),
    "Query parameters added to every request.",
    "Write { name: value } with texts, for example { tenant: team-a }.",
  ),
  prometheus_timeout_seconds: field(
    positive().default(10),
    "Longest wait for an answer of Prometheus.",
    "Write seconds above 0, for example 10.",
  ),
  prometheus_scrape_interval_seconds: field(
    positive().optional(),
    "How often Prometheus scrapes the deployment; gaps are measured with it.",
    `${SECONDS}, the scrape interval of the frontends, or leave it out: it is seen from the samples.`,
  ),
  prometheus_source: choice(
    ["frontend", "router"],
    "frontend",
    "Whose metrics describe the traffic.",
  ),
};
