/** The table as a Prometheus registry. @module */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import {
  LEGACY_METRICS,
  METRIC_PREFIX,
  type MetricKey,
  type MetricRow,
  METRICS,
} from "./metric_table.ts";

type Labels = Readonly<Record<string, string>>;

/** Values by the keys of the table; a label or a name that the table does not have throws. */
export class MetricRegistry {
  readonly registry = new Registry();
  readonly #gauges = new Map<MetricKey, Gauge>();
  readonly #counters = new Map<MetricKey, Counter>();
  readonly #histograms = new Map<MetricKey, Histogram>();
  readonly #legacy: boolean;

  constructor(
    options: { readonly legacyNames: boolean; readonly modelName?: string },
  ) {
    this.#legacy = options.legacyNames;
    // P83: an empty name still labels.
    if (options.modelName !== undefined) {
      this.registry.setDefaultLabels({ model_name: options.modelName });
    }
    for (const [key, row] of rows()) {
      const common = {
        name: METRIC_PREFIX + row.name,
        help: row.help,
        labelNames: [...row.labels],
        registers: [this.registry],
      };
      if (row.type === "gauge") this.#gauges.set(key, new Gauge(common));
      else if (row.type === "counter") {
        this.#counters.set(key, new Counter(common));
      } else {
        this.#histograms.set(
          key,
          new Histogram({ ...common, buckets: [...row.buckets ?? []] }),
        );
      }
      // A gauge without labels would begin at 0, and 0 is a value.
      if (row.type === "gauge" && row.labels.length === 0) {
        this.#gauges.get(key)?.remove();
      }
    }
  }

  /** Sets a gauge; undefined and what is not finite removes it: unknown is not zero. */
  set(key: MetricKey, value: number | undefined, labels: Labels = {}): void {
    const gauge = this.#gauges.get(key);
    if (!gauge) throw new TypeError(`"${key}" is no gauge.`);
    if (value === undefined || !Number.isFinite(value)) gauge.remove(labels);
    else gauge.set(labels, value);
  }

  /** Removes every series of a gauge. */
  clear(key: MetricKey): void {
    this.#gauges.get(key)?.reset();
  }

  /** Adds to a counter; what is not finite or negative adds nothing. */
  add(key: MetricKey, value = 1, labels: Labels = {}): void {
    const counter = this.#counters.get(key);
    if (!counter) throw new TypeError(`"${key}" is no counter.`);
    if (Number.isFinite(value) && value >= 0) counter.inc(labels, value);
  }

  /** Brings a counter to a total that is counted elsewhere. */
  total(key: MetricKey, total: number, labels: Labels = {}): void {
    const seen = this.#totals.get(`${key} ${JSON.stringify(labels)}`) ?? 0;
    if (total > seen) this.add(key, total - seen, labels);
    this.#totals.set(`${key} ${JSON.stringify(labels)}`, total);
  }
  readonly #totals = new Map<string, number>();

  observe(key: MetricKey, value: number): void {
    this.#histograms.get(key)?.observe(value);
  }

  /** The exposition. */
  async text(): Promise<string> {
    const text = await this.registry.metrics();
    return this.#legacy ? text + await this.#legacyText() : text;
  }

  /** Old names with the values of ours. */
  async #legacyText(): Promise<string> {
    const old = new Registry();
    for (const { name, labels, ours, where = {}, type } of LEGACY_METRICS) {
      const row: MetricRow = METRICS[ours];
      const source = this.registry.getSingleMetric(METRIC_PREFIX + row.name);
      const common = {
        name: METRIC_PREFIX + name,
        help: `${row.help} Old name of ${METRIC_PREFIX}${row.name}.`,
        labelNames: [...labels],
        registers: [old],
      };
      const copy = type === "gauge" ? new Gauge(common) : new Counter(common);
      if (copy instanceof Gauge && labels.length === 0) copy.remove();
      for (
        const { labels: found, value } of (await source?.get())?.values ?? []
      ) {
        const matches = Object.entries(where).every(([label, wanted]) =>
          found[label] === wanted
        );
        if (!matches) continue;
        const kept = Object.fromEntries(
          labels.map((label) => [label, String(found[label] ?? "")]),
        );
        if (copy instanceof Gauge) copy.set(kept, value);
        else copy.inc(kept, value);
      }
    }
    return `\n${await old.metrics()}`;
  }
}

function rows(): [MetricKey, MetricRow][] {
  return METRIC_KEYS.map((key) => [key, METRICS[key]]);
}

/** Every key of the table. */
export const METRIC_KEYS = Object.keys(METRICS).filter(
  (key): key is MetricKey => Object.hasOwn(METRICS, key),
);
