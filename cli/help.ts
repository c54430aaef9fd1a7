/** Help texts, made from the commands' own descriptions of themselves. @module */

import type { Command, OptionSpec } from "./command.ts";
import { sharedOptions } from "./shared_options.ts";

/** How the program is started in examples and usage lines. */
export const PROGRAM = "deno run -A main.ts";

const EXIT_CODES = `Exit codes:
  0  done
  1  failed or infeasible, with the reason
  2  wrong usage or bad input
`;

const ENVIRONMENT = `Environment:
  NO_COLOR  set and not empty: no colours
`;

/**
 * The help of one command.
 *
 * @param command the command
 * @param path its name with those of its parents: `data import`
 * @returns the whole text
 */
export function commandHelp(command: Command, path: string): string {
  const sections = [
    `${path}: ${command.summary}\n`,
    `Usage:\n${indent(command.usage.map((line) => `${PROGRAM} ${line}`))}`,
    `${wrap(command.description, 80)}\n`,
  ];
  if (command.subcommands) {
    sections.push(
      `Commands:\n${commandList(command.subcommands)}`,
    );
  }
  const { positionals } = command;
  if (positionals) {
    sections.push(
      `Arguments:\n${twoColumns([[positionals.value, positionals.help]])}`,
    );
  }
  if (command.options.length > 0) {
    sections.push(`Flags:\n${optionList(command.options)}`);
  }
  sections.push(
    `Flags of every command:\n${optionList(sharedOptions(command))}`,
  );
  if (command.examples.length > 0) {
    sections.push(`Examples:\n${exampleList(command)}`);
  }
  sections.push(EXIT_CODES);
  return sections.join("\n");
}

/**
 * The help of the program: its commands.
 *
 * @param commands all that can be run
 * @returns the whole text
 */
export function programHelp(
  commands: readonly Pick<Command, "name" | "summary">[],
): string {
  return [
    "Wattkeeper keeps a fleet of GPU inference workers inside its power budget\nwhile serving as many tokens as the watts allow.\n",
    `Usage:\n  ${PROGRAM} COMMAND [flags]\n  ${PROGRAM} COMMAND --help\n  ${PROGRAM} --version\n`,
    `Commands:\n${commandList(commands)}`,
    EXIT_CODES,
    ENVIRONMENT,
  ].join("\n");
}

function commandList(
  commands: readonly Pick<Command, "name" | "summary">[],
): string {
  return twoColumns(commands.map(({ name, summary }) => [name, summary]));
}

function optionList(options: readonly OptionSpec[]): string {
  return twoColumns(
    options.map((option) => [optionHead(option), optionText(option)]),
  );
}

function optionHead(option: OptionSpec): string {
  const short = option.name === "help" ? "-h, " : "";
  return option.kind === "boolean"
    ? `${short}--${option.name}`
    : `--${option.name} ${option.value ?? option.kind.toUpperCase()}`;
}

function optionText(option: OptionSpec): string {
  const notes: string[] = [];
  if (option.choices) notes.push(`One of ${option.choices.join(", ")}.`);
  if (option.multiple) notes.push("May be given several times.");
  if (option.required) notes.push("Required.");
  if (option.default !== undefined) {
    notes.push(
      option.default === true
        ? `Default: on; --no-${option.name} turns it off.`
        : `Default: ${option.default === false ? "off" : option.default}.`,
    );
  }
  return [option.help, ...notes].join(" ");
}

function exampleList(command: Command): string {
  return command.examples.map(({ command: line, explains }) =>
    `  # ${explains}\n  ${line}\n`
  ).join("\n");
}

function twoColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(28, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => {
    const lines = wrap(right, 76 - width).split("\n");
    const first = left.length > width
      ? `  ${left}\n  ${" ".repeat(width)}  ${lines[0] ?? ""}`
      : `  ${left.padEnd(width)}  ${lines[0] ?? ""}`;
    const rest = lines.slice(1).map((line) =>
      `  ${" ".repeat(width)}  ${line}`
    );
    return [first, ...rest].join("\n");
  }).join("\n") + "\n";
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join("");
}

/** Breaks at blanks; line feeds of the text stay. */
function wrap(text: string, width: number): string {
  return text.trim().split("\n").map((paragraph) => {
    const lines: string[] = [""];
    for (const word of paragraph.split(" ")) {
      const last = lines[lines.length - 1] ?? "";
      if (last !== "" && last.length + 1 + word.length > width) {
        lines.push(word);
      } else {
        lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
      }
    }
    return lines.join("\n");
  }).join("\n");
}
