/** The nodes of a state: those in trouble are there, however many there are. @module */

import assert from "node:assert/strict";
import { nodesJson } from "../../../../planner/serve/nodes_json.ts";
import { gpu, report } from "../core/ledger/fixtures.ts";

const NOW_MS = 100_000;

/** Names of the nodes in the answer. */
function names(reports: Parameters<typeof report>[]): string[] {
  const { nodes } = nodesJson({
    atMs: NOW_MS,
    reports: reports.map((one) => report(...one)),
    pods: [],
  }) as { nodes: { node_name: string }[] };
  return nodes.map(({ node_name }) => node_name);
}

Deno.test("nodes with GPUs that are not enforced come first, then silent ones, then the others as they were", () => {
  const held = gpu("g");
  const loose = gpu("g", { state: "refused" });
  assert.deepEqual(
    names([
      ["held-1", [held], NOW_MS],
      ["silent", [held], NOW_MS - 30_000],
      ["held-2", [held], NOW_MS],
      ["one", [loose, held], NOW_MS],
      ["two", [loose, gpu("h", { state: "clamped" })], NOW_MS],
    ]),
    ["two", "one", "silent", "held-1", "held-2"],
  );
});

Deno.test("trouble beyond the five hundredth node shows", () => {
  const many = Array.from(
    { length: 501 },
    (_, i): Parameters<typeof report> => [`node-${i}`, [gpu("g")], NOW_MS],
  );
  const answer = names([
    ...many,
    ["late", [gpu("g", { state: "unknown" })], NOW_MS],
  ]);
  assert.equal(answer.length, 500);
  assert.equal(answer[0], "late");
});
