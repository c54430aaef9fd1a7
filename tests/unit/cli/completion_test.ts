import assert from "node:assert/strict";
import { completionScript } from "../../../cli/completion/script.ts";
import { completionTree } from "../../../cli/completion/tree.ts";
import { exampleCommand } from "./example_command.ts";

const TREE = completionTree([
  exampleCommand(),
  exampleCommand({
    name: "data",
    subcommands: [exampleCommand({ name: "import", summary: "it's in" })],
  }),
]);

/** What bash offers for the words on the line, the last of which is being written. */
async function offered(...words: string[]): Promise<string[]> {
  const script = completionScript({
    shell: "bash",
    program: "tea-pot",
    tree: TREE,
  });
  const bash = `${script}
COMP_WORDS=(tea-pot "$@"); COMP_CWORD=$#; _tea_pot; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", bash, "bash", ...words],
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line);
}

Deno.test("completionScript() completes commands in bash", async () => {
  assert.deepEqual(await offered("b"), ["brew"]);
  assert.deepEqual(await offered(""), ["brew", "data"]);
});

Deno.test("completionScript() completes sub-commands and their flags in bash", async () => {
  assert.deepEqual(await offered("data", "im"), ["import"]);
  assert.deepEqual(await offered("data", "import", "--cu"), ["--cups"]);
});

Deno.test("completionScript() completes choices of a flag in bash", async () => {
  assert.deepEqual(await offered("brew", "--size", "l"), ["large"]);
  assert.deepEqual(await offered("brew", "--cups", "3", "--output", ""), [
    "table",
    "json",
  ]);
});

Deno.test("completionScript() names every command and flag for fish, quoted", () => {
  const script = completionScript({
    shell: "fish",
    program: "tea",
    tree: TREE,
  });
  for (const option of exampleCommand().options) {
    assert(script.includes(`-l ${option.name}`), option.name);
  }
  assert(script.includes(`-a import -d 'it'\\''s in'`));
});

Deno.test("completionScript() registers itself with zsh", () => {
  const script = completionScript({ shell: "zsh", program: "tea", tree: TREE });
  assert(script.startsWith("#compdef tea\n"));
});

Deno.test("completionScript() refuses a program name that would need quoting", () => {
  assert.throws(
    () =>
      completionScript({ shell: "bash", program: "a; rm -r /", tree: TREE }),
    { code: "invalid_value" },
  );
});
