/** Rules and dashboards name metrics and labels that planner and agent export. @module */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { ROOT } from "../house/import_graph.ts";
import { KNOWN, namingFaults } from "./metric_names.ts";

const MONITORING = `${ROOT}/deploy/monitoring`;

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

async function groupsOf(path: string): Promise<unknown> {
  const document = parse(await Deno.readTextFile(`${MONITORING}/${path}`));
  return document.groups ?? document.spec.groups;
}

const groups = await groupsOf("rules/wattkeeper.rules.yaml") as {
  readonly rules: readonly Rule[];
}[];
const rules = groups.flatMap((group) => group.rules);
const recorded = new Set(
  rules.flatMap(({ record }) => record === undefined ? [] : [record]),
);

Deno.test("every rule names metrics and labels that are exported", () => {
  assert.ok(rules.length > 20);
  assert.deepEqual(
    rules.flatMap(({ alert, record, expr }) =>
      namingFaults(expr, recorded).map((fault) =>
        `${alert ?? record}: ${fault}`
      )
    ),
    [],
  );
});

Deno.test("every alert says how bad it is, what is wrong and what to look at", () => {
  for (const { alert, labels, annotations } of rules) {
    if (alert === undefined) continue;
    assert.match(alert, /^Wattkeeper[A-Z]/);
    assert.ok(["critical", "warning"].includes(labels?.["severity"] ?? ""));
    assert.ok(annotations?.["summary"] && annotations["description"], alert);
  }
});

Deno.test("every alert has a unit test that promtool runs", async () => {
  const tested = await Deno.readTextFile(
    `${MONITORING}/rules/wattkeeper.rules.test.yaml`,
  );
  const firing = new Set(
    parse(tested).tests.flatMap((one: {
      readonly alert_rule_test: readonly {
        readonly alertname: string;
        readonly exp_alerts: readonly unknown[];
      }[];
    }) =>
      one.alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0)
        .map(({ alertname }) => alertname)
    ),
  );
  assert.deepEqual(
    rules.flatMap(({ alert }) => alert && !firing.has(alert) ? [alert] : []),
    [],
  );
});

Deno.test("the PrometheusRule has the groups of the plain file", async () => {
  assert.deepEqual(await groupsOf("prometheus_rule.yaml"), groups);
});

for (const name of ["wattkeeper-planner", "wattkeeper-agents"]) {
  Deno.test(`${name}.json: every query names metrics and labels that are exported`, async () => {
    const text = await Deno.readTextFile(
      `${MONITORING}/dashboards/${name}.json`,
    );
    const queries = queriesOf(JSON.parse(text));
    assert.ok(queries.length > 15);
    assert.deepEqual(
      queries.flatMap((query) =>
        namingFaults(query, recorded).map((fault) => `${query}: ${fault}`)
      ),
      [],
    );
  });
}

Deno.test("namingFaults() finds a metric, a label and a kind that are not there", () => {
  assert.ok(KNOWN.has("dynamo_power_agent_drift_total"));
  assert.deepEqual(namingFaults("dynamo_planner_budget > 0"), [
    "there is no metric dynamo_planner_budget",
  ]);
  assert.deepEqual(
    namingFaults("sum by (node) (dynamo_power_agent_power_draw_watts)"),
    ["no metric has the label node"],
  );
  assert.deepEqual(
    namingFaults('dynamo_planner_fault{piece="source"} == 1'),
    ["no metric has the label piece"],
  );
  assert.equal(
    namingFaults("increase(dynamo_planner_alarms[5m])").length,
    1,
  );
  assert.deepEqual(
    namingFaults(
      "histogram_quantile(0.9, sum by (le) (rate(dynamo_planner_tick_duration_seconds_bucket[5m])))",
    ),
    [],
  );
});

/** All PromQL of a dashboard: panels, rows within, and variables. */
function queriesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(queriesOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "expr" && typeof inner === "string") return [inner];
    if (key === "query" && typeof inner === "string" && inner.includes("(")) {
      return [/label_values\(([^,]+),/.exec(inner)?.[1] ?? inner];
    }
    return queriesOf(inner);
  });
}
