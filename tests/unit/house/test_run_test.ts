/** The runner of the tests: counting, judging, setting up. @module */

import assert from "node:assert/strict";
import { readArguments } from "../../run/arguments.ts";
import { readJunit, type TestResult } from "../../run/junit.ts";
import { cacheFolder } from "../../run/machine.ts";
import type { CommandLine, Need } from "../../run/need.ts";
import { NEEDS } from "../../run/needs.ts";
import { type Machine, provide } from "../../run/set_up.ts";
import { judge } from "../../run/verdict.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.1">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="a &lt; b &amp; c" classname="./a_test.ts" time="0.001" line="1" col="6">
        </testcase>
        <testcase name="not here" classname="./a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="left out by the filter" classname="./a_test.ts" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="broken" classname="./a_test.ts" time="0.000" line="4" col="6">
            <failure message="x &lt;testcase name=&apos;y&apos;&gt;">Error: &lt;skipped/&gt;</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("readJunit() tells passed, skipped, failed and left out apart", () => {
  assert.deepEqual(readJunit(REPORT), [
    { file: "./a_test.ts", name: "a < b & c", outcome: "passed" },
    { file: "./a_test.ts", name: "not here", outcome: "skipped" },
    { file: "./a_test.ts", name: "broken", outcome: "failed" },
  ]);
  assert.deepEqual(readJunit(""), []);
});

Deno.test("readJunit() reads what this deno writes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-junit-" });
  try {
    await Deno.writeTextFile(
      `${folder}/some_test.ts`,
      `Deno.test("good", async (t) => { await t.step("step", () => {}); });
       Deno.test({ name: "ignored", ignore: true, fn() {} });
       Deno.test("bad", () => { throw new Error("]]> <testcase>"); });`,
    );
    const run = async (...args: string[]) => {
      await new Deno.Command(Deno.execPath(), {
        args: ["test", "--no-check", "--junit-path=report.xml", ...args],
        cwd: folder,
      }).output();
      return readJunit(await Deno.readTextFile(`${folder}/report.xml`))
        .map(({ name, outcome }) => `${name} ${outcome}`).sort();
    };
    assert.deepEqual(await run(), [
      "bad failed",
      "good > step passed",
      "good passed",
      "ignored skipped",
    ]);
    assert.deepEqual(await run("--filter=good"), [
      "good > step passed",
      "good passed",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const result = (
  name: string,
  outcome: TestResult["outcome"],
): TestResult => ({ file: "a_test.ts", name, outcome });

const run = (...results: TestResult[]) => ({
  results,
  exitCode: 0,
  silentFiles: [],
});

Deno.test("judge() counts", () => {
  const verdict = judge(
    run(result("a", "passed"), result("b", "skipped")),
    false,
  );
  assert.equal(verdict.closingLine, "1 passed, 0 failed, 1 skipped");
  assert.equal(verdict.exitCode, 0);
});

Deno.test("judge() takes a skip for a failure when strict, unless it is marked [shared]", () => {
  const verdict = judge(
    run(
      result("a", "passed"),
      result("b", "skipped"),
      result("[shared] c", "skipped"),
    ),
    true,
  );
  assert.equal(verdict.closingLine, "1 passed, 1 failed, 1 skipped");
  assert.equal(verdict.exitCode, 1);
  assert.match(verdict.notes.join(), /CI=true.*: b/);
});

Deno.test("judge() counts a file that could not be loaded as a failure", () => {
  const verdict = judge({
    results: [result("a", "passed")],
    exitCode: 1,
    silentFiles: ["b_test.ts"],
  }, false);
  assert.equal(verdict.closingLine, "1 passed, 1 failed, 0 skipped");
  assert.equal(verdict.exitCode, 1);
});

Deno.test("judge() never calls a run good that deno test calls bad, or that was empty", () => {
  const bad = judge({ ...run(result("a", "passed")), exitCode: 1 }, false);
  assert.equal(bad.closingLine, "1 passed, 1 failed, 0 skipped");
  const empty = judge(run(), false);
  assert.equal(empty.closingLine, "0 passed, 1 failed, 0 skipped");
});

Deno.test("readArguments() hands on what is deno test's", () => {
  assert.deepEqual(
    readArguments(["--filter", "a b", "tests/x_test.ts", "--fail-fast"]),
    {
      unit: false,
      paths: ["tests/x_test.ts"],
      passed: ["--filter", "a b", "--fail-fast"],
    },
  );
  assert.deepEqual(readArguments([]).paths, ["tests"]);
  assert.deepEqual(readArguments(["--unit"]).paths, ["tests/unit"]);
});

Deno.test("cacheFolder() follows XDG, then the home, then the checkout", () => {
  const env = (values: Record<string, string>) => (name: string) =>
    values[name];
  assert.equal(
    cacheFolder(env({ XDG_CACHE_HOME: "/x", HOME: "/h" }), "/r"),
    "/x/wattkeeper",
  );
  assert.equal(cacheFolder(env({ HOME: "/h" }), "/r"), "/h/.cache/wattkeeper");
  assert.equal(cacheFolder(env({}), "/r"), "/r/.cache");
});

/** A machine where some commands succeed; a command may make others succeed. */
class FakeMachine implements Machine {
  readonly ran: string[] = [];
  readonly said: string[] = [];
  readonly removed: string[] = [];
  constructor(
    readonly working: Set<string>,
    readonly effects: Readonly<Record<string, string>> = {},
    readonly isRoot = false,
    readonly variables: Readonly<Record<string, string>> = {},
  ) {}
  run(command: CommandLine) {
    const line = command.join(" ");
    this.ran.push(line);
    const effect = this.effects[line];
    if (effect !== undefined) this.working.add(effect);
    const code = effect !== undefined || this.working.has(line) ? 0 : 1;
    return Promise.resolve({ code, text: "" });
  }
  env = (name: string) => this.variables[name];
  remove(path: string) {
    this.removed.push(path);
    return Promise.resolve();
  }
  lock = () =>
    Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
  say = (line: string) => {
    this.said.push(line);
  };
}

const KETTLE: Need = {
  name: "kettle",
  title: "a kettle",
  variable: "KETTLE",
  candidates: ({ cache }) => [`${cache}/kettle`],
  probe: (kettle) => ["test", "-x", kettle],
  setUp: {
    debian: { packages: ["copper"], without: ["has", "copper"] },
    fresh: ({ cache }) => `${cache}/kettle`,
    commands: ({ cache }) => [["forge", `${cache}/kettle`]],
  },
};
const PLACE = { cache: "/c", root: "/r" };

function provideKettle(machine: FakeMachine, setUp = true) {
  return provide(KETTLE, { place: PLACE, machine, setUp });
}

Deno.test("provide() uses what is there and runs nothing", async () => {
  const machine = new FakeMachine(new Set(["test -x /c/kettle"]));
  assert.equal((await provideKettle(machine)).value, "/c/kettle");
  assert.deepEqual(machine.ran, ["test -x /c/kettle"]);
});

Deno.test("provide() prefers what the variable names", async () => {
  const machine = new FakeMachine(new Set(["test -x /mine"]), {}, false, {
    KETTLE: "/mine",
  });
  assert.equal((await provideKettle(machine)).value, "/mine");
});

Deno.test("provide() sets up what is missing, from scratch", async () => {
  const machine = new FakeMachine(new Set(["has copper"]), {
    "forge /c/kettle": "test -x /c/kettle",
  });
  assert.equal((await provideKettle(machine)).value, "/c/kettle");
  assert.deepEqual(machine.removed, ["/c/kettle"]);
});

Deno.test("provide() only looks when it may not set up", async () => {
  const machine = new FakeMachine(new Set());
  assert.equal((await provideKettle(machine, false)).value, undefined);
  assert.deepEqual(machine.ran, ["test -x /c/kettle"]);
});

Deno.test("provide() names the command that would set it up when it lacks a package and is not root", async () => {
  const machine = new FakeMachine(new Set());
  const { value, command } = await provideKettle(machine);
  assert.equal(value, undefined);
  assert.equal(
    command,
    "sudo apt-get install -y -qq --no-install-recommends copper && forge /c/kettle",
  );
  assert(!machine.ran.some((line) => line.startsWith("apt-get")));
});

Deno.test("provide() installs the package as root", async () => {
  const install = "apt-get install -y -qq --no-install-recommends copper";
  const machine = new FakeMachine(
    new Set(["apt-get update -qq"]),
    { [install]: "has copper", "forge /c/kettle": "test -x /c/kettle" },
    true,
  );
  assert.equal((await provideKettle(machine)).value, "/c/kettle");
  assert(machine.ran.includes(install));
});

Deno.test("every need has a name, a title and a variable of its own", () => {
  for (const key of ["name", "title", "variable"] as const) {
    assert.equal(new Set(NEEDS.map((need) => need[key])).size, NEEDS.length);
  }
  for (const need of NEEDS) assert.match(need.variable, /^WATTKEEPER_[A-Z_]+$/);
});
