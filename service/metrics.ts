/** Prometheus text exposition from plain data: definitions once, values when asked. No dependency, next to no memory. @module */

/** One metric family. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly help: string;
}

/** A value of a family, with its labels in the definition's order. */
export interface MetricSample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** Media type of the exposition format. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The exposition of some families.
 *
 * @param families each definition with its samples; a family without samples is left out
 * @returns text for `/metrics`
 * @throws {TypeError} when a sample has not as many labels as its definition
 */
export function renderMetrics(
  families: Iterable<readonly [MetricDefinition, readonly MetricSample[]]>,
): string {
  let text = "";
  for (const [definition, samples] of families) {
    if (samples.length === 0) continue;
    const { name, type, help } = definition;
    text += `# HELP ${name} ${escape(help, false)}\n# TYPE ${name} ${type}\n`;
    for (const sample of samples) text += line(definition, sample);
  }
  return text;
}

function line(definition: MetricDefinition, sample: MetricSample): string {
  if (sample.labels.length !== definition.labels.length) {
    throw new TypeError(
      `"${definition.name}" has ${definition.labels.length} labels, ${sample.labels.length} were given.`,
    );
  }
  const labels = definition.labels.map((label, i) =>
    `${label}="${escape(sample.labels[i]!, true)}"`
  );
  const set = labels.length > 0 ? `{${labels.join(",")}}` : "";
  return `${definition.name}${set} ${number(sample.value)}\n`;
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escape(text: string, quoted: boolean): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return quoted ? plain.replaceAll('"', '\\"') : plain;
}
