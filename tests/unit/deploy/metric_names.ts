/** What a PromQL expression names, and what there is to name. @module */

import { AGENT_METRICS } from "../../../agent/metrics.ts";
import { METRIC_PREFIX, METRICS } from "../../../planner/serve/metric_table.ts";

/** A metric that something exports. */
interface KnownMetric {
  readonly labels: readonly string[];
  readonly type: "counter" | "gauge" | "histogram";
}

/** Of kube-state-metrics, which installations commonly have; rules that need them say so. */
const OF_OTHERS: Readonly<Record<string, KnownMetric>> = {
  kube_daemonset_status_desired_number_scheduled: {
    labels: ["daemonset", "namespace"],
    type: "gauge",
  },
  kube_daemonset_status_number_ready: {
    labels: ["daemonset", "namespace"],
    type: "gauge",
  },
};

/** Labels that the scraper adds. */
const TARGET_LABELS = ["instance", "pod", "namespace", "job", "service"];

/** Every metric by its full name. */
export const KNOWN: ReadonlyMap<string, KnownMetric> = new Map([
  ...Object.values(METRICS).map((
    { name, labels, type },
  ): [string, KnownMetric] => [`${METRIC_PREFIX}${name}`, { labels, type }]),
  ...Object.values(AGENT_METRICS).map((
    { name, labels, type },
  ): [string, KnownMetric] => [name, { labels, type }]),
  ...Object.entries(OF_OTHERS),
]);

/** What is wrong with an expression's names, one text each. `recorded` are names that rules record. */
export function namingFaults(
  expression: string,
  recorded: ReadonlySet<string> = new Set(),
): string[] {
  const faults: string[] = [];
  const labels = new Set(TARGET_LABELS);
  const texts = /"(?:[^"\\]|\\.)*"/g;
  const bare = expression.replaceAll(texts, '""');
  for (
    const [name] of bare.matchAll(
      /\b(?:dynamo|kube|wattkeeper)[A-Za-z0-9_:]*\b/g,
    )
  ) {
    if (recorded.has(name)) continue;
    const found = KNOWN.get(name) ?? histogramOf(name);
    if (!found) {
      faults.push(`there is no metric ${name}`);
      continue;
    }
    for (const label of found.labels) labels.add(label);
    if (found.type === "histogram") labels.add("le");
    const counted = new RegExp(`(?:rate|increase)\\(${name}`).test(bare);
    if (counted && found.type === "gauge") {
      faults.push(`${name} is a gauge, and its increase is asked for`);
    }
  }
  for (const [, list = ""] of bare.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of list.split(",").map((one) => one.trim())) {
      if (!labels.has(label)) faults.push(`no metric has the label ${label}`);
    }
  }
  for (const [, list = ""] of bare.matchAll(/\{([^}]*)\}/g)) {
    for (const [, label = ""] of list.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      if (!labels.has(label)) faults.push(`no metric has the label ${label}`);
    }
  }
  return faults;
}

function histogramOf(name: string): KnownMetric | undefined {
  const base = name.replace(/_(?:bucket|sum|count)$/, "");
  const found = KNOWN.get(base);
  return base !== name && found?.type === "histogram" ? found : undefined;
}
