/** Who may import what (the rules of the house). @module */

import assert from "node:assert/strict";
import { type Import, reach, readImports } from "./import_graph.ts";

const imports = await readImports();

/** Files that the rules allow as doors beside each folder's `mod.ts`. */
const OTHER_DOORS = new Set([
  "optimizer-wasm/host.ts",
  // What needs neither Deno nor Node, for the page and its workers.
  "cluster/portable.ts",
  "optimizer-wasm/portable.ts",
  "planner/portable.ts",
  "planner/portable_planner.ts",
  "proof/portable.ts",
  "service/portable.ts",
]);

/** What the page in a browser is made with; the last two read the planner's configuration in its simulator. */
const PAGE_PACKAGES = new Set(["preact", "uplot", "idb", "yaml", "zod"]);

/** Where the browser comes in. */
const BROWSER_ENTRIES =
  /^(?:optimizer-wasm\/host|[a-z-]+\/portable(?:_planner)?)\.ts$|^web\/(?:page|worker|simulator|dashboard)\//;

/** What the agent's process may load: it runs on every GPU node and pays for each import. */
const AGENT_PACKAGES = new Set([
  "@logtape/logtape",
  "prom-client",
  "@grpc/grpc-js",
  "koffi",
]);

const isOurs = (target: string) => !target.includes(":");
const layer = (file: string) => file.split("/")[0] ?? file;

/** Edges between two of our folders. */
const crossing = imports.filter(({ from, to }) =>
  isOurs(to) && layer(from) !== layer(to)
);

function tell(edges: readonly Import[]): string[] {
  return edges.map(({ from, to }) => `${from} imports ${to}`);
}

/** Name of an npm package in a resolved specifier, or undefined. */
function packageOf(target: string): string | undefined {
  const found = /^npm:\/?((?:@[^/]+\/)?[^/@]+)/.exec(target);
  return found?.[1];
}

function assertNothing(found: readonly string[]): void {
  assert.deepEqual(found, []);
}

Deno.test("the graph is that of the product", () => {
  const files = new Set(imports.map((edge) => edge.from));
  for (const file of ["main.ts", "cli/program.ts", "optimizer-wasm/mod.ts"]) {
    assert(files.has(file), file);
  }
});

Deno.test("folders import each other in one direction only", () => {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of crossing) {
    const known = next.get(layer(from)) ?? new Set();
    next.set(layer(from), known.add(layer(to)));
  }
  assertNothing(cycles(next));
});

Deno.test("files import each other in one direction only, when they are loaded", () => {
  const next = new Map<string, Set<string>>();
  for (const { from, to, typeOnly, lazy } of imports) {
    if (!isOurs(to) || typeOnly || lazy) continue;
    const known = next.get(from) ?? new Set();
    next.set(from, known.add(to));
  }
  assertNothing(cycles(next));
});

Deno.test("nobody reaches past the front door of another folder", () => {
  assertNothing(
    tell(
      crossing.filter(({ to }) =>
        !to.endsWith("/mod.ts") && !OTHER_DOORS.has(to)
      ),
    ),
  );
});

Deno.test("the product does not import its tests", () => {
  assertNothing(tell(crossing.filter(({ to }) => layer(to) === "tests")));
});

Deno.test("agent and planner never import each other", () => {
  const pair = new Set(["agent", "planner"]);
  assertNothing(
    tell(
      crossing.filter(({ from, to }) =>
        pair.has(layer(from)) && pair.has(layer(to))
      ),
    ),
  );
});

Deno.test("nothing is imported from the network", () => {
  assertNothing(tell(imports.filter(({ to }) => /^(?:https?|jsr):/.test(to))));
});

Deno.test("what the browser loads needs neither Deno nor Node", () => {
  const found = reach(imports, (file) => BROWSER_ENTRIES.test(file));
  for (const file of ["optimizer-wasm/host.ts", "web/worker/main.ts"]) {
    assert(found.has(file), file);
  }
  assertNothing(
    [...found].filter(([to]) =>
      /^(?:node|npm):/.test(to) && !PAGE_PACKAGES.has(packageOf(to) ?? "")
    ).map(([, way]) => way),
  );
});

for (const folder of ["planner/core/", "planner/predict/"]) {
  Deno.test(`${folder} does no input and output`, () => {
    const found = reach(imports, (file) => file.startsWith(folder));
    assertNothing(
      [...found].filter(([to]) =>
        /^(?:node|npm):/.test(to) ||
        /^planner\/(?:fleets|sources|serve)\//.test(to)
      ).map(([, way]) => way),
    );
  });
}

Deno.test("the agent loads no package but those on its list", () => {
  const found = reach(imports, (file) => file.startsWith("agent/"));
  assertNothing(
    [...found].filter(([to]) => {
      const name = packageOf(to);
      return name !== undefined && !AGENT_PACKAGES.has(name);
    }).map(([, way]) => way),
  );
});

Deno.test("the Kubernetes client is loaded by one module, and by no process that goes on but lazily", () => {
  const library = imports.filter(({ to, typeOnly, from }) =>
    packageOf(to) === "@kubernetes/client-node" && !typeOnly &&
    layer(from) !== "tests"
  );
  assert.deepEqual(library.map(({ from }) => from), [
    "cluster/kubeconfig/client_library.ts",
  ]);
  const loaders = imports.filter(({ to, typeOnly }) =>
    to === "cluster/kubeconfig/client_library.ts" && !typeOnly
  );
  assert.deepEqual(
    loaders.map(({ from, lazy }) => [from, lazy]).sort(),
    [
      ["cluster/kubeconfig/client_library_process.ts", false],
      ["cluster/kubeconfig/library_reader.ts", true],
    ],
  );
});

/** @returns one line for each strongly connected group of more than one */
function cycles(next: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (at: string, path: readonly string[]) => {
    const start = path.indexOf(at);
    if (start !== -1) {
      found.push([...path.slice(start), at].join(" → "));
      return;
    }
    if (done.has(at)) return;
    for (const to of next.get(at) ?? []) visit(to, [...path, at]);
    done.add(at);
  };
  for (const at of next.keys()) visit(at, []);
  return found;
}
