/** PromQL in small: texts, label matchers, windows. @module */

/** A text as PromQL writes it, with quotes. */
export function quoted(text: string): string {
  return `"${
    text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
  }"`;
}

/** A text as a regular expression (RE2) that matches just it. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** `[180s]`; fractions as milliseconds. */
export function window(seconds: number): string {
  return Number.isInteger(seconds)
    ? `${seconds}s`
    : `${Math.max(1, Math.round(seconds * 1000))}ms`;
}

/** `{a="x",b=~"y"}` */
export function selector(
  matchers: readonly (string | undefined)[],
): string {
  return `{${matchers.filter((one) => one !== undefined).join(",")}}`;
}

export function equals(label: string, value: string): string {
  return `${label}=${quoted(value)}`;
}

export function matches(label: string, pattern: string): string {
  return `${label}=~${quoted(pattern)}`;
}

/** Equal but for case: the frontend writes model names in lower case. */
export function equalsAnyCase(label: string, value: string): string {
  return matches(label, `(?i:${literally(value)})`);
}

/**
 * One of each series that is there twice: pairs of Prometheus servers and a pod scraped by two jobs differ in these
 * labels alone (P82).
 */
export function once(expression: string): string {
  return `max without(job,prometheus,prometheus_replica,replica,service,container) (${expression})`;
}
