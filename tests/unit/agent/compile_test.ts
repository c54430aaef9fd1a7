/** What goes into the agent's single binary: the agent, the gate, what they stand on, and nothing else. @module */

import assert from "node:assert/strict";
import { binaryGraph, PERMISSIONS, V8_FLAGS } from "../../../agent/compile.ts";
import { NVML_LIBRARY_CANDIDATES } from "../../../agent/nvml/mod.ts";

Deno.test("the binary holds agent, gate, cluster, service and the command frame", async () => {
  const graph = await binaryGraph();
  const folders = new Set(
    graph.filter((name) => !name.includes(":") && name.includes("/"))
      .map((name) => name.split("/")[0]),
  );
  assert.deepEqual(
    [...folders].filter((name) => !name!.startsWith("@")).sort(),
    ["agent", "cli", "cluster", "service"],
  );
  assert.ok(graph.includes("cli/commands/gate.ts"));
  assert.ok(graph.includes("agent/nvml/dlopen_binder.ts"));
});

Deno.test("the binary holds no koffi and no command of the planner", async () => {
  const graph = await binaryGraph();
  assert.deepEqual(
    graph.filter((name) => /koffi|planner\/|commands\/plan/.test(name)),
    [],
  );
});

Deno.test("the binary's permissions are scoped to files it needs", () => {
  assert.ok(!PERMISSIONS.includes("--allow-all"));
  const find = (name: string) =>
    PERMISSIONS.find((one) => one.startsWith(`--allow-${name}=`)) ?? "";
  for (const path of NVML_LIBRARY_CANDIDATES) {
    assert.ok(find("ffi").includes(path));
  }
  assert.equal(
    find("write"),
    "--allow-write=/var/lib/wattkeeper,/run/wattkeeper,/var/lib/kubelet/pod-resources,/gate",
  );
  assert.ok(!PERMISSIONS.some((one) => /^--allow-(?:run|sys)/.test(one)));
  assert.match(find("env"), /SAFE_DEFAULT_WATTS/);
});

Deno.test("`deno task agent` starts the sources with the binary's V8 flags", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  assert.equal(tasks.agent, `deno run -A ${V8_FLAGS} main.ts agent`);
});
