/** `explain` from end to end: a planner over HTTP, a file, and everything that can be wrong with either. @module */

import assert from "node:assert/strict";
import type { CommandContext } from "../../../cli/command.ts";
import { command } from "../../../cli/commands/explain.ts";
import { recordJson } from "../../../planner/loop/mod.ts";
import { PlanServer } from "../../../planner/serve/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { configOf } from "../../unit/planner/stand_in.ts";
import { CONFIG, world } from "../../unit/planner/loop/world.ts";

async function explain(
  flags: CommandContext["flags"],
  positionals: readonly string[] = [],
  output: CommandContext["output"] = "table",
): Promise<string> {
  let text = "";
  const code = await command.run?.({
    flags,
    positionals,
    output,
    signal: new AbortController().signal,
    write: (part) => text += part,
    progress: { update() {}, end() {} },
  });
  assert.equal(code, 0);
  return text;
}

async function fails(
  code: WattkeeperError["code"],
  run: Promise<unknown>,
  ...words: readonly string[]
): Promise<void> {
  await assert.rejects(run, (error) => {
    assert(error instanceof WattkeeperError, String(error));
    assert.equal(error.code, code);
    for (const word of words) {
      assert(error.message.includes(word), `${word} in ${error.message}`);
    }
    return true;
  });
}

/** A planner at work, served. */
async function planner(config = CONFIG) {
  const w = world({ config: configOf(config) });
  const server = new PlanServer({ loop: w.loop });
  const { port } = server.listen({ hostname: "127.0.0.1", port: 0 });
  w.start();
  await w.clock.run(130_000);
  return {
    w,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await w.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function file(
  lines: readonly string[],
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, lines.join("\n"));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

Deno.test("the last decision of a running planner, and one by its number", async () => {
  await using it = await planner();
  const last = await explain({ planner: it.url });
  assert.match(last, /^Decision 3 at /);
  for (
    const word of [
      "observed",
      "predicted",
      "prefill",
      "caps",
      "Transition",
      "charged",
    ]
  ) assert(last.includes(word), `${word} in\n${last}`);
  assert.match(await explain({ planner: it.url }, ["2"]), /^Decision 2 at /);
  for (const line of last.split("\n")) assert(line.length <= 100, line);
});

Deno.test("advisory: the writes that it would make are listed", async () => {
  await using it = await planner(`${CONFIG}\nadvisory: true`);
  const text = await explain({ planner: it.url }, ["1"]);
  assert.match(text, /advisory: nothing is written/);
  assert.match(text, /scale decode 1 →/);
});

Deno.test("JSON is the record itself", async () => {
  await using it = await planner();
  const record = JSON.parse(await explain({ planner: it.url }, ["2"], "json"));
  assert.equal(record.id, 2);
});

Deno.test("a decisions file: the last line, an older one, a last line that is being written", async () => {
  await using it = await planner();
  const records = it.w.eventsOf("decided").map(({ record }) =>
    JSON.stringify(recordJson(record))
  );
  await using place = await file([...records, '{"sequence":4,"at']);
  assert.match(await explain({ decisions: place.path }), /^Decision 3 at /);
  assert.match(await explain({ decisions: place.path }, ["1"]), /^Decision 1 /);
  await fails(
    "invalid_file",
    explain({ decisions: place.path }, ["9"]),
    "Line 4",
  );
});

Deno.test("an unknown number is named", async () => {
  await using it = await planner();
  await fails("invalid_value", explain({ planner: it.url }, ["99"]), "99");
  await using place = await file(["{}"]);
  await fails("invalid_value", explain({ decisions: place.path }, ["9"]), "9");
});

Deno.test("no place, or two, or no number: usage", async () => {
  await fails("invalid_usage", explain({}));
  await fails("invalid_usage", explain({ planner: "x", decisions: "y" }));
  await fails("invalid_usage", explain({ planner: "http://x" }, ["last"]));
});

Deno.test("nobody there, somebody else there, a wrong address", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await fails(
    "planner_unreachable",
    explain({ planner: `http://127.0.0.1:${port}` }),
  );
  await fails("invalid_value", explain({ planner: "localhost" }));
  const other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("<html>"),
  );
  await fails(
    "planner_unreachable",
    explain({ planner: `http://127.0.0.1:${other.addr.port}` }),
  );
  await other.shutdown();
});

Deno.test("a file that is not there, or holds something else", async () => {
  await fails("file_not_found", explain({ decisions: "/nowhere/x" }));
  await using place = await file(['{"hello": 1}']);
  await fails("invalid_file", explain({ decisions: place.path }), "sequence");
  await using empty = await file([""]);
  await fails("invalid_value", explain({ decisions: empty.path }));
});
