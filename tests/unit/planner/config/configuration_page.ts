/** `docs/configuration.md` and `docs/planner.schema.json`, made from the schema; run it to write both anew. @module */

import {
  ALIASES,
  changesAtRunTime,
  configJsonSchema,
  FIELD_NAMES,
  type FieldName,
  FIELDS_SCHEMA,
  textOf,
  UNSUPPORTED_FIELDS,
  UNSUPPORTED_INSIDE,
  UPSTREAM_ENVIRONMENT,
} from "../../../../planner/config/mod.ts";

const DOCS = new URL("../../../../docs/", import.meta.url);
/** Where they lie. */
export const CONFIGURATION_PAGE = new URL("configuration.md", DOCS);
export const SCHEMA_FILE = new URL("planner.schema.json", DOCS);

/** Fields that upstream does not have. */
const OURS = new Set<FieldName>([
  "dynamo_namespace",
  "paused",
  "traffic_source",
  "trace_file",
  "load_predictor_window_size",
  "power_cap_owner",
  "power_clamp",
  "budget_below_floor",
  "start_mode",
  "picker_objective",
  "admission_max_theta_prefill",
  "admission_max_theta_decode",
  "aic_reoptimize_interval",
  "prometheus_scrape_interval_seconds",
  "control_api_token",
  "control_api_token_file",
  "aic_interpolation",
  "aic_system",
]);

/** What differs from upstream's field of the same name, and why. */
const DIFFERENT: Readonly<Partial<Record<FieldName, string>>> = {
  environment: "no `global-planner`; `simulated` is ours",
  namespace: "the Kubernetes namespace; upstream's is `dynamo_namespace`",
  prefill_min_endpoint: "0 is taken: a side may scale to zero",
  decode_min_endpoint: "0 is taken: a side may scale to zero",
  optimization_target:
    "upstream's default is `throughput`, which turns throughput scaling off",
  max_throughput_scaling_replicas:
    "upstream's default is 8; steps here stay inside the budgets by themselves",
  backend: "no `mocker`; no default, since another backend has other tables",
  load_predictor: "`prophet` is read as `seasonal`; `ets` is ours",
  enable_power_awareness: "also with mode agg and outside Kubernetes",
  prefill_engine_gpu_power_limit: "no cap of 300 W that nobody asked for",
  decode_engine_gpu_power_limit: "no cap of 300 W that nobody asked for",
  prometheus_verify: "upstream does not verify by default",
  control_api_port: "serves only with a token",
  scheduling: "without plugins",
  aic_throughput_regression_warn_threshold: "upstream's default is 0.20",
};

function upstreamOf(name: FieldName): string {
  const alias = Object.entries(ALIASES).filter(([, field]) => field === name)
    .map(([old]) => `alias \`${old}\``);
  const different = DIFFERENT[name];
  const head = alias.length > 0 ? alias : [OURS.has(name) ? "ours" : "same"];
  return [...head, ...(different === undefined ? [] : [different])].join("; ");
}

function standardOf(name: FieldName): string {
  const standard = FIELDS_SCHEMA.shape[name].safeParse(undefined).data;
  if (standard === undefined) return "–";
  return `\`${
    typeof standard === "object" ? JSON.stringify(standard) : standard
  }\``;
}

function fieldRow(name: FieldName): string[] {
  const { description = "", write = "" } = textOf(FIELDS_SCHEMA.shape[name]) ??
    {};
  return [
    `\`${name}\``,
    standardOf(name),
    `${description} ${write}`,
    upstreamOf(name),
    changesAtRunTime(name) ? "yes" : "restart",
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[], fill = " ") =>
    `| ${
      widths.map((width, i) => (row[i] ?? "").padEnd(width, fill)).join(" | ")
    } |`;
  return [
    line(head),
    line([], "-"),
    ...rows.slice(1).map((row) => line(row)),
  ].join("\n");
}

function unsupportedRows(): string[][] {
  const rowOf = (
    name: string,
    { harmless, instead }: (typeof UNSUPPORTED_FIELDS)[string],
  ) => [
    `\`${name}\``,
    harmless.map((value) => `\`${value}\``).join(", ") || "–",
    instead,
  ];
  return [
    ...Object.entries(UNSUPPORTED_FIELDS).map(([name, field]) =>
      rowOf(name, field)
    ),
    ...Object.entries(UNSUPPORTED_INSIDE).flatMap(([block, fields]) =>
      Object.entries(fields).map(([name, field]) =>
        rowOf(`${block}.${name}`, field)
      )
    ),
  ];
}

/**
 * Makes the page.
 *
 * @returns its whole text, formatted as `deno fmt` does
 */
export function configurationPage(): string {
  const fields = table([
    [
      "Field",
      "Default",
      "What it is and what to write",
      "Upstream",
      "At run time",
    ],
    ...FIELD_NAMES.map(fieldRow),
  ]);
  const variables = table([
    ["Variable", "Field"],
    ...Object.entries(UPSTREAM_ENVIRONMENT).map((
      [variable, name],
    ) => [`\`${variable}\``, `\`${name}\``]),
  ]);
  const unsupported = table([
    ["Field", "Harmless at", "Instead"],
    ...unsupportedRows(),
  ]);
  return TEXT.replace("FIELDS", fields).replace("VARIABLES", variables)
    .replace("UNSUPPORTED", unsupported);
}

/** The schema file's text. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

const TEXT = `# Configuration

YAML or JSON, given with \`--config\`. A value comes from the flag, else from
\`WATTKEEPER_<FIELD>\` (lists and objects as JSON; an empty variable counts as
unset), else from upstream's environment variable, else from the file, else it
is the default. \`null\` counts as absent. Upstream's names are read; unknown
fields are errors that name the nearest known one. \`plan --check\` reports every
problem at once, each with its line, what was found and what to write.

Editors complete and check the file with
[planner.schema.json](planner.schema.json); its first line says so:

\`\`\`yaml
# yaml-language-server: $schema=./planner.schema.json
\`\`\`

## Changing it while the planner runs

The file is watched: through the events of its folder where there are any, and
by looking at it every two seconds, which also sees a ConfigMap whose link was
replaced. A valid change takes effect at the next tick. Fields marked "restart"
in the table keep their old value until then, and the log names them. A file
that is broken, or has gone, is reported and changes nothing. The environment
and the flags stay on top of the file. A lower \`total_gpu_power_limit\` is always
valid, however low.

## Fields

"Upstream" says how the field relates to Dynamo's planner: the same, an alias
that is read as well, or ours alone.

FIELDS

\`aic_interpolation\` has \`system\`, \`backend\`, \`backend_version\`, \`hf_id\` or
\`model_config\`, \`isl\`, \`osl\`, \`prefill_pick\` and \`decode_pick\`. \`model_config\`
is the path of a \`config.json\` as Hugging Face publishes it; an
\`hf_quant_config.json\` beside it is read too. A pick has \`tp\`, \`pp\`, \`dp\`,
\`moe_tp\`, \`moe_ep\` and \`num_gpus\`. \`scheduling\` has \`scale_interval_seconds\` and
\`tick_max_duration_seconds\`.

Between fields: \`namespace\`, \`dgd_name\` and \`served_model_name\` are needed with
\`environment: kubernetes\`; \`total_gpu_power_limit\` and
\`power_agent_safe_default_watts\` with \`enable_power_awareness\`;
\`enable_power_awareness\` and \`aic_interpolation\` with \`enable_aic_optimizer\`;
the picks of the mode's sides in \`aic_interpolation\`; a trace file with
\`traffic_source: trace\`. One kind of scaling must be on, and with both the load
interval is the shorter one. With \`optimization_target: load\` the thresholds of
the sides that there are must be written, the upper above the lower. The floors
must fit \`max_gpu_budget\`. A cap that is not given while the optimizer is off is
\`power_agent_safe_default_watts\`, with a warning. Aggregated workers take
\`decode_pick\`, \`decode_engine_num_gpu\` and the decode cap.

\`prometheus_verify: false\` cannot be granted: the runtime verifies every
certificate. Name the CA in \`prometheus_ca_bundle\`; the warning has the flag of
\`deno\` for those who must.

## Upstream's environment variables

Of two variables for one field the later one in the table wins.

VARIABLES

## Upstream's fields without an effect here

At the values shown, empty or \`null\` they are a warning or nothing, otherwise an
error.

UNSUPPORTED

\`load_predictor: prophet\` is read as \`seasonal\` with a warning.
\`environment: global-planner\` is refused.
`;

if (import.meta.main) {
  await Deno.writeTextFile(CONFIGURATION_PAGE, configurationPage());
  await Deno.writeTextFile(SCHEMA_FILE, schemaText());
}
