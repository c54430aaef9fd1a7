/** `web` as a process: what it serves, with which headers, and what it passes on. @module */

import assert from "node:assert/strict";
import type { CommandContext } from "../../../cli/command.ts";
import { command } from "../../../cli/commands/web.ts";
import { serveHttp, WattkeeperError } from "../../../service/mod.ts";

/** Runs the command until the block is left. */
async function web(
  flags: CommandContext["flags"] = {},
): Promise<{ readonly url: string } & AsyncDisposable> {
  const ending = new AbortController();
  const { promise: told, resolve: tell } = Promise.withResolvers<string>();
  const running = command.run?.({
    flags: { listen: "127.0.0.1:0", ...flags },
    positionals: [],
    output: "json",
    signal: ending.signal,
    write: tell,
    progress: { update() {}, end() {} },
  });
  running?.catch((error) => tell(Promise.reject(error) as never));
  const { url } = JSON.parse(await told);
  return {
    url,
    async [Symbol.asyncDispose]() {
      ending.abort();
      assert.equal(await running, 0);
    },
  };
}

Deno.test("web serves the capacity planner with a policy that lets it connect to nothing", async () => {
  await using served = await web();
  for (const path of ["", "index.html", "planner.html"]) {
    const answer = await fetch(served.url + path);
    const html = await answer.text();
    assert.equal(answer.status, 200);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, /connect-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    // The page carries the same policy, for a host that sends no headers.
    assert.match(
      html,
      /http-equiv="Content-Security-Policy" content="[^"]*connect-src 'none'/,
    );
    assert.doesNotMatch(html, /\{policy\}|https?:\/\//);
    assert.match(html, /data-dashboard=""/);
  }
});

Deno.test("every file that a page names is there, by a relative address", async () => {
  await using served = await web();
  for (const page of ["planner.html", "dashboard.html"]) {
    const html = await (await fetch(served.url + page)).text();
    for (const [, file = ""] of html.matchAll(/(?:src|href)="([^":]+)"/g)) {
      assert.doesNotMatch(file, /^\//);
      const answer = await fetch(new URL(file, served.url + page));
      assert.equal(answer.status, 200, file);
      await answer.body?.cancel();
    }
  }
});

Deno.test("a file that the browser has is not sent again", async () => {
  await using served = await web();
  const first = await fetch(`${served.url}worker.js`);
  await first.body?.cancel();
  const again = await fetch(`${served.url}worker.js`, {
    headers: { "if-none-match": first.headers.get("etag") ?? "" },
  });
  assert.equal(again.status, 304);
});

Deno.test("nothing but the pages is served", async () => {
  await using served = await web();
  for (
    const path of [
      "sources.sha256",
      "../deno.json",
      "%2e%2e/deno.json",
      "api/v1/state",
      "nothing",
    ]
  ) {
    const answer = await fetch(served.url + path);
    await answer.body?.cancel();
    assert.equal(answer.status, 404, path);
  }
  const posted = await fetch(served.url, { method: "POST", body: "x" });
  await posted.body?.cancel();
  assert.equal(posted.status, 404);
});

Deno.test("beside a planner the dashboard comes first, and only what it reads is passed on", async () => {
  const seen: string[] = [];
  const planner = serveHttp(
    { hostname: "127.0.0.1", port: 0, part: "test.planner" },
    (request) => {
      seen.push(`${request.method} ${new URL(request.url).pathname}`);
      return Response.json({ from: "planner" }, {
        headers: { "set-cookie": "a=b" },
      });
    },
  );
  try {
    await using served = await web({
      planner: `http://127.0.0.1:${planner.port}`,
    });
    assert.match(await (await fetch(served.url)).text(), /dashboard\.js/);
    assert.match(
      await (await fetch(`${served.url}planner.html`)).text(),
      /data-dashboard="dashboard\.html"/,
    );
    const state = await fetch(`${served.url}api/v1/state`);
    assert.deepEqual(await state.json(), { from: "planner" });
    assert.equal(state.headers.get("set-cookie"), null);
    for (
      const [method, path] of [
        ["GET", "api/v1/secrets"],
        ["POST", "api/v1/state"],
        ["GET", "api/v1/decisions/../../metrics"],
        ["PATCH", "v1/min-endpoints"],
      ] as const
    ) {
      const answer = await fetch(served.url + path, { method });
      await answer.body?.cancel();
      assert.equal(answer.status, 404, path);
    }
    assert.deepEqual(seen, ["GET /api/v1/state"]);
  } finally {
    await planner.close();
  }
});

Deno.test("a planner that does not answer is a 502 that says so", async () => {
  const gone = serveHttp(
    { hostname: "127.0.0.1", port: 0, part: "test.gone" },
    () => new Response(),
  );
  await gone.close();
  await using served = await web({ planner: `http://127.0.0.1:${gone.port}` });
  const answer = await fetch(`${served.url}api/v1/state`);
  assert.equal(answer.status, 502);
  assert.equal((await answer.json()).error.code, "planner_unreachable");
});

for (
  const [flags, said] of [
    [{ planner: "ftp://planner" }, /is no address of a planner/],
    [{ listen: "nowhere" }, /is not HOST:PORT/],
    [{ listen: "none" }, /nothing to do without an address/],
  ] as const
) {
  Deno.test(`web refuses ${JSON.stringify(flags)}`, async () => {
    await assert.rejects(web(flags), (error) => {
      assert(error instanceof WattkeeperError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, said);
      return true;
    });
  });
}
