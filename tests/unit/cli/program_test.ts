import assert from "node:assert/strict";
import type { CommandContext } from "../../../cli/command.ts";
import { OutputClosedError } from "../../../cli/process_port.ts";
import { runProgram } from "../../../cli/program.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { exampleCommand, sourceOf } from "./example_command.ts";
import { FakeProcess, ProcessEnded } from "./fake_process.ts";

type Run = (context: CommandContext) => Promise<number>;

async function runWith(
  run: Run,
  args: readonly string[] = [],
  port: FakeProcess = new FakeProcess(),
) {
  const source = sourceOf(exampleCommand({ run }));
  const code = await runProgram(["brew", ...args], port, source);
  return { code, out: port.out, err: port.err, port };
}

const failing: Run = () =>
  Promise.reject(
    new WattkeeperError("unknown_model", 'Unknown model "x".', {
      where: "--model",
      remedy: "Name another.",
    }),
  );

Deno.test("runProgram() returns what the command returns", async () => {
  const { code, out } = await runWith((context) => {
    context.write("tea\n");
    return Promise.resolve(1);
  });
  assert.equal(code, 1);
  assert.equal(out, "tea\n");
});

Deno.test("runProgram() says what, where and remedy on standard error", async () => {
  const { code, out, err } = await runWith(failing);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.equal(
    err,
    'error WK201: Unknown model "x".\n  where:  --model\n  remedy: Name another.\n',
  );
});

Deno.test("runProgram() writes the error as an object when JSON was asked for", async () => {
  const { code, out, err } = await runWith(failing, ["--output", "json"]);
  assert.equal(code, 2);
  assert.equal(err, "");
  assert.deepEqual(JSON.parse(out), {
    error: {
      code: "unknown_model",
      number: "WK201",
      message: 'Unknown model "x".',
      where: "--model",
      remedy: "Name another.",
    },
  });
});

Deno.test("runProgram() speaks JSON about errors in the arguments themselves", async () => {
  const { code, out } = await runWith(() => Promise.resolve(0), [
    "--output=json",
    "--cup",
    "2",
  ]);
  assert.equal(code, 2);
  assert.equal(JSON.parse(out).error.code, "invalid_usage");
});

Deno.test("runProgram() calls any other error a fault of its own, with the stack at debug", async () => {
  const broken: Run = () => Promise.reject(new TypeError("kettle is null"));
  const quiet = await runWith(broken);
  assert.equal(quiet.code, 1);
  assert.match(quiet.err, /^error WK109: TypeError: kettle is null\n/);
  assert.doesNotMatch(quiet.err, /program_test\.ts/);
  const loud = await runWith(broken, ["--log-level", "debug"]);
  assert.match(loud.err, /program_test\.ts/);
});

Deno.test("runProgram() does not let a name from outside steer the terminal", async () => {
  const { err } = await runWith(() =>
    Promise.reject(
      new WattkeeperError("invalid_value", "bad \x1b[2Jname\x07"),
    )
  );
  assert.match(err, /bad \\x1b\[2Jname\\x07/);
});

Deno.test("runProgram() colours errors on a terminal unless NO_COLOR is set", async () => {
  const plain = new FakeProcess({ terminal: true, env: { NO_COLOR: "1" } });
  const colored = new FakeProcess({ terminal: true });
  assert(!(await runWith(failing, [], plain)).err.includes("\x1b["));
  assert((await runWith(failing, [], colored)).err.includes("\x1b[1;31m"));
});

Deno.test("runProgram() prints its help on standard error and exits 2 without a command", async () => {
  const port = new FakeProcess();
  const code = await runProgram([], port, sourceOf(exampleCommand()));
  assert.equal(code, 2);
  assert.equal(port.out, "");
  assert.match(port.err, /brew {2}make tea/);
});

for (const args of [["--help"], ["-h"], ["help"]]) {
  Deno.test(`runProgram() prints its commands for ${args}`, async () => {
    const port = new FakeProcess();
    const code = await runProgram(args, port, sourceOf(exampleCommand()));
    assert.equal(code, 0);
    assert.match(port.out, /brew {2}make tea/);
  });
}

for (
  const args of [["brew", "--help"], ["brew", "-h"], ["help", "brew"], [
    "brew",
    "--cups",
    "x",
    "--help",
  ]]
) {
  Deno.test(`runProgram() prints a command's help for "${args.join(" ")}"`, async () => {
    const port = new FakeProcess();
    const code = await runProgram(args, port, sourceOf(exampleCommand()));
    assert.equal(code, 0);
    assert.match(port.out, /Makes tea of water and leaves\./);
    assert.match(port.out, /--cups N +Cups\. Default: 1\./);
    assert.match(port.out, /# for two\n {2}brew --cups 2/);
  });
}

Deno.test("runProgram() goes down to sub-commands and names the nearest", async () => {
  const seen: string[] = [];
  const data = exampleCommand({
    name: "data",
    subcommands: [exampleCommand({
      name: "import",
      positionals: { value: "SOURCE", help: "what", min: 1, max: 1 },
      run({ positionals }) {
        seen.push(...positionals);
        return Promise.resolve(0);
      },
    })],
  });
  const source = sourceOf({ ...data });
  const port = new FakeProcess();
  assert.equal(
    await runProgram(["data", "import", "tables"], port, source),
    0,
  );
  assert.deepEqual(seen, ["tables"]);
  assert.equal(await runProgram(["data", "imprt"], port, source), 2);
  assert.match(
    port.err,
    /Unknown command "data imprt"\. Did you mean "import"\?/,
  );
});

Deno.test("runProgram() ends quietly when the reader of its output has gone", async () => {
  const port = new FakeProcess({
    onWrite() {
      throw new OutputClosedError("closed");
    },
  });
  const { code, err } = await runWith(
    (context) => {
      context.write("a long answer\n");
      return Promise.resolve(1);
    },
    [],
    port,
  );
  assert.equal(code, 0);
  assert.equal(err, "");
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`runProgram() aborts the command on ${signal} and exits ${expected}`, async () => {
    const port = new FakeProcess();
    const { code, err } = await runWith(
      (context) => {
        port.send(signal);
        context.signal.throwIfAborted();
        return Promise.resolve(0);
      },
      [],
      port,
    );
    assert.equal(code, expected);
    assert.match(err, new RegExp(`^error WK108: Interrupted by ${signal}`));
    assert.equal(port.listeners(), 0);
  });

  Deno.test(`runProgram() exits ${expected} when a command ends by itself after ${signal}`, async () => {
    const port = new FakeProcess();
    const run: Run = () => {
      port.send(signal);
      return Promise.resolve(0);
    };
    assert.equal((await runWith(run, [], port)).code, expected);
  });
}

Deno.test("runProgram() lets a service that was told to stop choose its own exit code", async () => {
  const port = new FakeProcess();
  const service = exampleCommand({
    service: true,
    run() {
      port.send("SIGTERM");
      return Promise.resolve(0);
    },
  });
  assert.equal(await runProgram(["brew"], port, sourceOf(service)), 0);
});

Deno.test("runProgram() ends at once on a second ^C", async () => {
  const port = new FakeProcess();
  let ended: unknown;
  await runWith(
    () => {
      port.send("SIGINT");
      try {
        port.send("SIGINT");
      } catch (error) {
        ended = error;
      }
      return Promise.resolve(0);
    },
    [],
    port,
  );
  assert(ended instanceof ProcessEnded);
  assert.equal(ended.code, 130);
});

Deno.test("runProgram() gives the terminal back when a command is interrupted", async () => {
  const port = new FakeProcess({ terminal: true });
  const { err } = await runWith(
    (context) => {
      context.progress.update(0, 10, "brewing");
      port.nowMs = 2000;
      context.progress.update(1, 10, "brewing");
      port.send("SIGINT");
      context.signal.throwIfAborted();
      return Promise.resolve(0);
    },
    [],
    port,
  );
  const hidden = err.lastIndexOf("\x1b[?25l");
  const shown = err.lastIndexOf("\x1b[?25h");
  assert(hidden >= 0 && shown > hidden, "the cursor is visible again");
  assert(
    err.slice(0, shown).endsWith("\r\x1b[2K"),
    "the line is empty before the cursor returns",
  );
});
