/** What every command promises, held for all of them. @module */

import assert from "node:assert/strict";
import type { Command } from "../../../cli/command.ts";
import { commandNames, loadCommand } from "../../../cli/command_table.ts";
import { commandHelp } from "../../../cli/help.ts";
import { parseCommandLine } from "../../../cli/parse.ts";
import { resolveSubcommand } from "../../../cli/resolve.ts";
import { ROOT } from "./import_graph.ts";

interface Place {
  readonly path: string;
  readonly command: Command;
}

function places(command: Command, parent = ""): Place[] {
  const path = `${parent} ${command.name}`.trim();
  return [
    { path, command },
    ...(command.subcommands ?? []).flatMap((sub) => places(sub, path)),
  ];
}

const commands = await Promise.all(commandNames().map(loadCommand));
const all = commands.flatMap((command) => places(command));

Deno.test("every module in cli/commands is a command in the table, under its own name", () => {
  const modules = Array.from(
    Deno.readDirSync(`${ROOT}/cli/commands`),
    (entry) => entry.name.replace(/\.ts$/, ""),
  );
  assert.deepEqual(commandNames().sort(), modules.sort());
  assert.deepEqual(commands.map(({ name }) => name), commandNames());
});

for (const { path, command } of all) {
  Deno.test(`${path}: its help names each flag, choice, sub-command and the exit codes`, () => {
    const help = commandHelp(command, path);
    for (const option of command.options) {
      assert(help.includes(`--${option.name}`), option.name);
      assert.match(option.name, /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
      assert.match(option.help, /\.$/, `--${option.name}`);
      if (option.kind !== "boolean") assert(option.value, option.name);
    }
    for (const sub of command.subcommands ?? []) {
      assert(help.includes(sub.summary), sub.name);
    }
    assert.match(help, /Exit codes:/);
  });

  Deno.test(`${path}: its usage begins with its own name, and it does something`, () => {
    assert(command.usage.length > 0);
    for (const line of command.usage) {
      assert(line.startsWith(path), `"${line}" begins with "${path}"`);
    }
    assert(command.run ?? command.subcommands, "it can be run");
    assert(!command.run || command.examples.length > 0, "it has an example");
  });

  for (const example of command.examples) {
    Deno.test(`${path}: the example "${example.explains}" is a command line that it accepts`, async () => {
      const [, line] = /(?:deno run -A main\.ts|^wattkeeper) ([^|>)]*)/.exec(
        example.command,
      ) ??
        [];
      const [first = "", ...args] = shellWords(line ?? "");
      assert.equal(first, path.split(" ")[0], example.command);
      const resolved = resolveSubcommand({
        command: await loadCommand(first),
        path: first,
        args,
      });
      parseCommandLine(resolved.command, resolved.args);
    });
  }
}

/** Splits at blanks outside of quotes. */
function shellWords(text: string): string[] {
  return Array.from(
    text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g),
    ([word]) => word.replace(/['"]/g, ""),
  );
}
