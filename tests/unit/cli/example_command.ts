/** A small command for tests of the frame. @module */

import type { Command } from "../../../cli/command.ts";
import type { CommandSource } from "../../../cli/program.ts";

/** A command with one option of each kind; parts of it can be replaced. */
export function exampleCommand(parts: Partial<Command> = {}): Command {
  return {
    name: "brew",
    summary: "make tea",
    description: "Makes tea of water and leaves.",
    usage: ["brew [flags]"],
    options: [
      { name: "leaf", kind: "string", value: "NAME", help: "Which leaf." },
      { name: "cups", kind: "integer", value: "N", help: "Cups.", default: 1 },
      { name: "grams", kind: "number", value: "G", help: "Leaves a cup." },
      { name: "milk", kind: "boolean", help: "With milk." },
      { name: "sugar", kind: "boolean", help: "Sweet.", default: true },
      {
        name: "size",
        kind: "string",
        value: "SIZE",
        help: "Cup.",
        choices: ["small", "large"],
      },
      {
        name: "guest",
        kind: "string",
        value: "NAME",
        help: "For whom.",
        multiple: true,
      },
    ],
    examples: [{ command: "brew --cups 2", explains: "for two" }],
    outputs: ["table", "json"],
    run: () => Promise.resolve(0),
    ...parts,
  };
}

/** A program that has only the given commands. */
export function sourceOf(...commands: readonly Command[]): CommandSource {
  return {
    names: () => commands.map(({ name }) => name),
    load(name) {
      const found = commands.find((command) => command.name === name);
      if (!found) throw new Error(`The test has no command "${name}".`);
      return Promise.resolve(found);
    },
  };
}
