import assert from "node:assert/strict";
import { parseCommandLine } from "../../../cli/parse.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { exampleCommand } from "./example_command.ts";

const parse = (...args: string[]) => parseCommandLine(exampleCommand(), args);

function refusal(...args: string[]): WattkeeperError {
  try {
    parse(...args);
  } catch (error) {
    if (error instanceof WattkeeperError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `accepted ${args.join(" ")}` });
}

Deno.test("parseCommandLine() gives each flag the type of its option", () => {
  const { flags } = parse(
    "--leaf=oolong",
    "--cups",
    "3",
    "--grams",
    "2.5",
    "--milk",
  );
  assert.equal(flags["leaf"], "oolong");
  assert.equal(flags["cups"], 3);
  assert.equal(flags["grams"], 2.5);
  assert.equal(flags["milk"], true);
});

Deno.test("parseCommandLine() fills in defaults and leaves the rest out", () => {
  const { flags } = parse();
  assert.equal(flags["cups"], 1);
  assert.equal(flags["sugar"], true);
  assert.equal(flags["output"], "table");
  assert.equal("leaf" in flags, false);
  assert.equal("milk" in flags, false);
});

Deno.test("parseCommandLine() turns booleans off with --no- and =false", () => {
  assert.equal(parse("--no-sugar").flags["sugar"], false);
  assert.equal(parse("--sugar=false").flags["sugar"], false);
  assert.equal(parse("--milk=true").flags["milk"], true);
  assert.equal(refusal("--milk=maybe").code, "invalid_value");
  assert.equal(refusal("--no-leaf").where, "--no-leaf");
});

Deno.test("parseCommandLine() collects flags that may come several times", () => {
  assert.deepEqual(parse("--guest", "Ann", "--guest=Bob").flags["guest"], [
    "Ann",
    "Bob",
  ]);
});

Deno.test("parseCommandLine() refuses a flag given twice", () => {
  assert.match(refusal("--cups", "1", "--cups", "2").message, /more than once/);
});

for (
  const text of [
    "NaN",
    "Infinity",
    "1e999",
    "12x",
    "0x10",
    "",
    " 1",
    "1,5",
    "1_0",
  ]
) {
  Deno.test(`parseCommandLine() refuses "${text}" as a number`, () => {
    const error = refusal(`--grams=${text}`);
    assert.equal(error.code, "invalid_value");
    assert.equal(error.where, "--grams");
  });
}

for (const text of ["1.0", "1e3", "9007199254740993", "two", "--1"]) {
  Deno.test(`parseCommandLine() refuses "${text}" as a whole number`, () => {
    assert.equal(refusal(`--cups=${text}`).code, "invalid_value");
  });
}

Deno.test("parseCommandLine() reads a negative number as a value, not as a flag", () => {
  assert.equal(parse("--grams", "-2.5").flags["grams"], -2.5);
});

Deno.test("parseCommandLine() does not take the next flag for a value", () => {
  const error = refusal("--leaf", "--milk");
  assert.equal(error.code, "invalid_usage");
  assert.match(error.message, /--leaf needs a value/);
  assert.equal(refusal("--leaf").code, "invalid_usage");
});

Deno.test("parseCommandLine() names the nearest flag for one it does not know", () => {
  const error = refusal("--graams", "2");
  assert.equal(error.where, "--graams");
  assert.match(error.message, /Did you mean "--grams"\?/);
  assert.doesNotMatch(refusal("--zzzzzz").message, /Did you mean/);
});

Deno.test("parseCommandLine() names the nearest choice", () => {
  assert.match(refusal("--size", "smal").message, /small, large.*"small"\?/);
});

Deno.test("parseCommandLine() refuses arguments of a command that takes none", () => {
  assert.match(refusal("tea").message, /Unexpected argument "tea"/);
});

Deno.test("parseCommandLine() counts arguments", () => {
  const command = exampleCommand({
    positionals: { value: "FILE", help: "what to read", min: 1, max: 2 },
  });
  assert.deepEqual(parseCommandLine(command, ["a", "b"]).positionals, [
    "a",
    "b",
  ]);
  assert.throws(() => parseCommandLine(command, []), /FILE is missing/);
  assert.throws(
    () => parseCommandLine(command, ["a", "b", "c"]),
    /Unexpected argument "c"/,
  );
});

Deno.test("parseCommandLine() leaves everything after -- alone", () => {
  const command = exampleCommand({
    positionals: { value: "COMMAND", help: "what to run", min: 1 },
  });
  const { positionals, flags } = parseCommandLine(command, [
    "--milk",
    "--",
    "python",
    "--milk=no",
    "-h",
  ]);
  assert.deepEqual(positionals, ["python", "--milk=no", "-h"]);
  assert.equal(flags["milk"], true);
});

Deno.test("parseCommandLine() says which required flags are missing", () => {
  const command = exampleCommand({
    options: [
      {
        name: "model",
        kind: "string",
        value: "NAME",
        help: "x",
        required: true,
      },
    ],
  });
  assert.throws(() => parseCommandLine(command, []), /--model is missing/);
  assert.equal(parseCommandLine(command, ["--help"]).help, true);
});
