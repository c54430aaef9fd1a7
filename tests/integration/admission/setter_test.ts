/** Admission against real HTTP frontends (R18, R19 rows 9–12). @module */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { Clock } from "../../../cluster/mod.ts";
import {
  AdmissionSetter,
  type FrontendPod,
  POST_TIMEOUT_MS,
} from "../../../planner/admission/mod.ts";
import { configureLog } from "../../../service/mod.ts";
import { Frontend, nobody, taken } from "./frontend.ts";

const THRESHOLDS = {
  mode: "autoset",
  setThetaPrefill: 0.65,
  setThetaDecode: 0.9,
  setPrefillTokens: 5325,
} as const;
const BODY = {
  model: "Qwen/Qwen3-32B",
  active_decode_blocks_threshold: 0.9,
  active_prefill_tokens_threshold_frac: 0.65,
  active_prefill_tokens_threshold: 5325,
};

/** A clock whose waits end when told to, and that remembers how long they were to be. */
class HeldClock implements Clock {
  readonly asked: number[] = [];
  readonly #waiting = new Set<() => void>();
  now = () => 0;
  sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      this.asked.push(milliseconds);
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", () => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
  get waiting(): number {
    return this.#waiting.size;
  }
  pass(): void {
    for (const resolve of this.#waiting) resolve();
  }
}

function setterOf(
  list: () => readonly FrontendPod[],
  clock: Clock = new HeldClock(),
): AdmissionSetter {
  return new AdmissionSetter({
    model: "Qwen/Qwen3-32B",
    pods: { list: () => Promise.resolve(list()) },
    fallbackPort: 8000,
    clock,
  });
}

const WRITE = { writes: true, signal: new AbortController().signal };

Deno.test("autoset posts the thresholds to every frontend", async () => {
  await using a = new Frontend("a");
  await using b = new Frontend("b");
  const setter = setterOf(() => [a.pod, b.pod]);
  const result = await setter.apply(THRESHOLDS, WRITE);
  deepStrictEqual(result, {
    kind: "posted",
    body: BODY,
    everywhere: true,
    outcomes: [{ pod: "a", kind: "set" }, { pod: "b", kind: "set" }],
  });
  for (const { posts } of [a, b]) {
    deepStrictEqual(posts, [{ path: "POST /busy_threshold", body: BODY }]);
  }
  strictEqual(setter.counters.set, 2);
  strictEqual(setter.counters.partial, 0);
});

Deno.test("off, inherit and nothing implied post nothing", async () => {
  await using a = new Frontend("a");
  const setter = setterOf(() => [a.pod]);
  for (
    const thresholds of [
      undefined,
      { ...THRESHOLDS, mode: "inherit" } as const,
      {
        mode: "autoset",
        setThetaPrefill: undefined,
        setThetaDecode: undefined,
        setPrefillTokens: undefined,
      } as const,
    ]
  ) {
    deepStrictEqual(await setter.apply(thresholds, WRITE), {
      kind: "nothing_to_post",
    });
  }
  deepStrictEqual(a.posts, []);
});

Deno.test("advisory posts nothing and says exactly what it would have", async () => {
  await using a = new Frontend("a");
  const setter = setterOf(() => [a.pod]);
  deepStrictEqual(
    await setter.apply(THRESHOLDS, { ...WRITE, writes: false }),
    { kind: "withheld", body: BODY, pods: ["a"] },
  );
  deepStrictEqual(a.posts, []);
  strictEqual(setter.counters.set, 0);
});

Deno.test("each failure is told by its reason, the others are set, nothing is rolled back", async () => {
  await using good = new Frontend("good");
  await using off = new Frontend(
    "off",
    () => new Response(null, { status: 404 }),
  );
  await using sick = new Frontend(
    "sick",
    () => new Response(null, { status: 500 }),
  );
  await using elsewhere = new Frontend(
    "elsewhere",
    () =>
      Response.redirect(
        `http://127.0.0.1:${good.pod.ports[0]?.containerPort}/x`,
      ),
  );
  await using slow = new Frontend("slow");
  slow.behave(slow.hang);
  const clock = new HeldClock();
  const setter = setterOf(() => [
    good.pod,
    off.pod,
    sick.pod,
    elsewhere.pod,
    slow.pod,
    nobody("nobody"),
    { name: "starting", ip: undefined, ports: [] },
  ], clock);
  const applying = setter.apply(THRESHOLDS, WRITE);
  // Only the hang needs its time to pass; the others must not lose their answers to it.
  const passing = setInterval(() => {
    if (slow.posts.length > 0 && clock.waiting === 1) clock.pass();
  }, 5);
  const result = await applying.finally(() => clearInterval(passing));
  strictEqual(result.kind, "posted");
  if (result.kind !== "posted") return;
  strictEqual(result.everywhere, false);
  const reasons = Object.fromEntries(
    result.outcomes.map((outcome) => [
      outcome.pod,
      outcome.kind === "set" ? "set" : outcome.reason,
    ]),
  );
  deepStrictEqual(reasons, {
    good: "set",
    off: "not_enabled",
    sick: "status",
    elsewhere: "redirect",
    slow: "timeout",
    nobody: "unreachable",
    starting: "no_address",
  });
  ok(clock.asked.every((milliseconds) => milliseconds === POST_TIMEOUT_MS));
  strictEqual(good.posts.length, 1, "no redirect was followed");
});

for (
  const [status, reason] of [
    [404, "not_enabled"],
    [500, "status"],
    [302, "redirect"],
    [204, "set"],
  ] as const
) {
  Deno.test(`a frontend that answers ${status} is ${reason}, and the other one is set`, async () => {
    await using good = new Frontend("good");
    await using other = new Frontend("other", () =>
      new Response(null, {
        status,
        headers: { location: "http://127.0.0.1:1/" },
      }));
    const setter = setterOf(() => [good.pod, other.pod]);
    const result = await setter.apply(THRESHOLDS, WRITE);
    ok(result.kind === "posted");
    const [first, second] = result.outcomes;
    strictEqual(first?.kind, "set");
    strictEqual(
      second?.kind === "failed" ? second.reason : second?.kind,
      reason,
    );
    strictEqual(setter.counters.partial, reason === "set" ? 0 : 1);
  });
}

Deno.test("a frontend that failed gets the thresholds with the next apply", async () => {
  await using a = new Frontend("a", () => new Response(null, { status: 404 }));
  const setter = setterOf(() => [a.pod]);
  await setter.apply(THRESHOLDS, WRITE);
  a.behave(taken);
  const second = await setter.apply(THRESHOLDS, WRITE);
  ok(second.kind === "posted" && second.everywhere);
  strictEqual(a.posts.length, 2);
  deepStrictEqual(
    [setter.counters.failed.not_enabled, setter.counters.set],
    [1, 1],
  );
});

Deno.test("frontends that cannot be listed are a counted failure", async () => {
  const setter = new AdmissionSetter({
    model: "m",
    pods: { list: () => Promise.reject(new Error("the API server is down")) },
    fallbackPort: 8000,
    clock: new HeldClock(),
  });
  deepStrictEqual(await setter.apply(THRESHOLDS, WRITE), {
    kind: "list_failed",
    message: "the API server is down",
  });
  strictEqual(setter.counters.listFailed, 1);
});

Deno.test("an unknown number of batched tokens leaves one threshold out, CRITICAL once, counted each time", async () => {
  const lines: string[] = [];
  configureLog({
    level: "info",
    format: "json",
    isTerminal: false,
    color: false,
    write: (line) => lines.push(line),
  });
  await using a = new Frontend("a");
  const setter = setterOf(() => [a.pod]);
  const unknown = { ...THRESHOLDS, setPrefillTokens: undefined };
  await setter.apply(unknown, WRITE);
  await setter.apply(unknown, WRITE);
  await setter.apply(THRESHOLDS, WRITE);
  await setter.apply(unknown, WRITE);
  strictEqual(setter.counters.batchedTokensUnknown, 3);
  const { active_prefill_tokens_threshold: _, ...without } = BODY;
  deepStrictEqual(a.posts.map(({ body }) => body), [
    without,
    without,
    BODY,
    without,
  ]);
  const critical = lines.filter((line) => /"level":"FATAL"/i.test(line));
  strictEqual(critical.length, 2, lines.join(""));
});

Deno.test("an abort ends the posts with its reason", async () => {
  await using a = new Frontend("a");
  a.behave(a.hang);
  const setter = setterOf(() => [a.pod]);
  const caller = new AbortController();
  const applying = setter.apply(THRESHOLDS, {
    writes: true,
    signal: caller.signal,
  });
  const watching = setInterval(() => {
    if (a.posts.length > 0) caller.abort(new Error("the planner stops"));
  }, 5);
  await rejects(applying, /the planner stops/)
    .finally(() => clearInterval(watching));
});

Deno.test("three hundred frontends are all posted to", async () => {
  await using a = new Frontend("a");
  const setter = setterOf(() => Array.from({ length: 300 }, () => a.pod));
  const result = await setter.apply(THRESHOLDS, WRITE);
  ok(result.kind === "posted" && result.everywhere);
  strictEqual(a.posts.length, 300);
});
