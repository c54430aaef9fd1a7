/** Prometheus text from plain data. @module */

import assert from "node:assert/strict";
import { renderMetrics } from "../../../service/mod.ts";

const GAUGE = {
  name: "limit_watts",
  type: "gauge",
  labels: ["gpu"],
  help: "A limit\\ of\none.",
} as const;

Deno.test("renderMetrics() writes help, type and samples", () => {
  assert.equal(
    renderMetrics([[GAUGE, [{ labels: ["0"], value: 300.5 }]]]),
    "# HELP limit_watts A limit\\\\ of\\none.\n# TYPE limit_watts gauge\n" +
      'limit_watts{gpu="0"} 300.5\n',
  );
});

Deno.test("renderMetrics() escapes label values and special numbers", () => {
  const text = renderMetrics([[GAUGE, [
    { labels: ['a"b\\c\nd'], value: NaN },
    { labels: ["x"], value: Infinity },
    { labels: ["y"], value: -Infinity },
  ]]]);
  assert.match(text, /\{gpu="a\\"b\\\\c\\nd"\} NaN\n/);
  assert.match(text, /\{gpu="x"\} \+Inf\n/);
  assert.match(text, /\{gpu="y"\} -Inf\n/);
});

Deno.test("renderMetrics() leaves out a family without samples", () => {
  assert.equal(renderMetrics([[GAUGE, []]]), "");
});

Deno.test("renderMetrics() throws when labels are missing", () => {
  assert.throws(
    () => renderMetrics([[GAUGE, [{ labels: [], value: 1 }]]]),
    /has 1 labels, 0 were given/,
  );
});
