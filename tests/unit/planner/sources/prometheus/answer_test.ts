/** What is told of an answer that Prometheus did not give. @module */

import assert from "node:assert/strict";
import { readAnswer } from "../../../../../planner/sources/prometheus/answer.ts";

Deno.test("a broken answer is told by how it begins, without what would move a terminal's cursor", () => {
  const told = (text: string) => {
    try {
      readAnswer(text);
    } catch (error) {
      return String(error);
    }
    return "";
  };
  assert.match(
    told("<html>\u001b[2J\u009b1m\r\nlogin"),
    /"<html> \[2J 1m {2}login"/,
  );
  const refused = { status: "error", error: "too\u0007 many\u001b[2J" };
  assert.match(told(JSON.stringify(refused)), /"too {2}many \[2J"/);
});
