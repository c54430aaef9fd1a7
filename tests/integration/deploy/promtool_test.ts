/** Prometheus' own tool checks the rules and runs their unit tests. @module */

import assert from "node:assert/strict";

const PROMETHEUS = Deno.env.get("WATTKEEPER_PROMETHEUS");
const RULES = new URL("../../../deploy/monitoring/rules/", import.meta.url)
  .pathname;

for (
  const args of [
    ["check", "rules", "wattkeeper.rules.yaml"],
    ["test", "rules", "wattkeeper.rules.test.yaml"],
    ["check", "rules", "../../examples/vllm-plain/rules.yaml"],
  ]
) {
  Deno.test({
    name: `promtool ${args.join(" ")}`,
    ignore: PROMETHEUS === undefined,
    fn: async () => {
      // It comes with the server, and lies beside it.
      const promtool = PROMETHEUS?.replace(/prometheus$/, "promtool") ?? "";
      const { code, stdout, stderr } = await new Deno.Command(promtool, {
        args,
        cwd: RULES,
      }).output();
      const said = [stdout, stderr].map((bytes) =>
        new TextDecoder().decode(bytes)
      ).join("");
      assert.equal(code, 0, said);
      assert.match(said, /SUCCESS/);
    },
  });
}
