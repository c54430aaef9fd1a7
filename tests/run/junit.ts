/** The JUnit report of `deno test` → what passed, failed and was skipped. @module */

/** One test, or one step of a test. */
export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

const TAG = /<(\/?)(testcase|skipped|failure|error)\b((?:\s+[\w-]+="[^"]*")*)/g;
const ATTRIBUTE = /([\w-]+)="([^"]*)"/g;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/**
 * Reads a report. Tests that a name filter left out are not in the result: the report lists them as skipped, without
 * the time that every test that was looked at has.
 *
 * @param xml the report's text
 * @returns results in the order of the report
 */
export function readJunit(xml: string): TestResult[] {
  const results: TestResult[] = [];
  let current: Record<string, string> = {};
  let outcome: TestResult["outcome"] = "passed";
  for (const found of xml.matchAll(TAG)) {
    const [, closing = "", kind = "", attributes = ""] = found;
    if (kind !== "testcase") {
      outcome = kind === "skipped" ? "skipped" : "failed";
    } else if (closing === "") {
      current = readAttributes(attributes);
      outcome = "passed";
    } else if (outcome !== "skipped" || current["time"] !== undefined) {
      results.push({
        file: current["classname"] ?? "",
        name: current["name"] ?? "",
        outcome,
      });
    }
  }
  return results;
}

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(
      text.matchAll(ATTRIBUTE),
      ([, name = "", value = ""]) => [name, unescape(value)],
    ),
  );
}

function unescape(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|apos);/g,
    (whole, name: string) => ENTITIES[name] ?? whole,
  );
}
