/** The frame in a real process: what only streams and signals of the system can show. @module */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

function start(args: readonly string[], script = "main.ts") {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", script, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("main.ts exits 2 and says so for a command it does not have", async () => {
  const { code, stdout, stderr } = await start(["budgte"]).output();
  assert.equal(code, 2);
  assert.equal(stdout.length, 0);
  assert.match(
    new TextDecoder().decode(stderr),
    /Unknown command "budgte"\. Did you mean "budget"\?/,
  );
});

Deno.test("main.ts ends quietly when its output is no longer read", async () => {
  const child = start(["completion", "bash"]).spawn();
  await child.stdout.cancel();
  const { code } = await child.status;
  const stderr = await new Response(child.stderr).text();
  assert.equal(stderr, "");
  assert.equal(code, 0);
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`a command that waits ends with ${expected} on ${signal}`, async () => {
    const child = start([], "tests/unit/cli/waiting_program.ts").spawn();
    const reader = child.stdout.getReader();
    await reader.read(); // it is waiting now
    child.kill(signal);
    const { code } = await child.status;
    const stderr = await new Response(child.stderr).text();
    await reader.cancel();
    assert.equal(code, expected);
    assert.match(stderr, new RegExp(`Interrupted by ${signal}`));
  });
}
