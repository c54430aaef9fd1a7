/** Command-line arguments → checked flags and positionals of one command. @module */

import { parseArgs } from "node:util";
import { didYouMean, WattkeeperError } from "../service/mod.ts";
import type { Command, CommandContext, OptionSpec } from "./command.ts";
import { sharedOptions } from "./shared_options.ts";
import { checkPositionals } from "./positionals.ts";
import { checkValue } from "./value.ts";

/** Flags and positionals of one invocation. */
export interface ParsedArguments {
  readonly flags: CommandContext["flags"];
  readonly positionals: readonly string[];
  /** `--help` was asked for; nothing else was checked. */
  readonly help: boolean;
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type FlagToken = Extract<Token, { kind: "option" }>;

/**
 * Parses the arguments of one command. Every flag is known, has a value of its kind and is given once.
 *
 * @param command whose options count, beside those that every command has
 * @param args what follows the command's name
 * @returns flags by name, with defaults filled in
 * @throws {WattkeeperError} `invalid_usage` for an unknown or doubled flag, `invalid_value` for a bad value
 */
export function parseCommandLine(
  command: Command,
  args: readonly string[],
): ParsedArguments {
  const options = [...command.options, ...sharedOptions(command)];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(options.map((option) => [option.name, {
      type: option.kind === "boolean" ? "boolean" : "string",
      ...(option.name === "help" ? { short: "h" } : {}),
    }])),
    strict: false,
    tokens: true,
  });
  const flagTokens = tokens.filter((token) => token.kind === "option");
  const positionals = tokens.filter((token) => token.kind === "positional")
    .map((token) => token.value);
  if (flagTokens.some((token) => token.name === "help")) {
    return { flags: {}, positionals, help: true };
  }
  const flags = collect(options, flagTokens);
  checkPositionals(command, positionals);
  requireFlags(command, flags);
  return { flags, positionals, help: false };
}

function collect(options: readonly OptionSpec[], tokens: readonly FlagToken[]) {
  const byName = new Map(options.map((option) => [option.name, option]));
  const flags: Record<string, string | number | boolean | string[]> = {};
  const given = new Set<string>();
  for (const token of tokens) {
    const { option, negated } = lookUp(byName, token);
    const value = valueOf(option, token, negated);
    if (option.multiple) {
      const before = given.has(option.name) ? flags[option.name] : [];
      flags[option.name] = [
        ...(Array.isArray(before) ? before : []),
        String(value),
      ];
    } else if (given.has(option.name)) {
      throw new WattkeeperError(
        "invalid_usage",
        `--${option.name} is given more than once.`,
        { where: `--${option.name}`, remedy: "Give it once." },
      );
    } else {
      flags[option.name] = value;
    }
    given.add(option.name);
  }
  for (const { name, default: fallback, multiple } of options) {
    if (given.has(name) || fallback === undefined) continue;
    flags[name] = multiple ? [String(fallback)] : fallback;
  }
  return flags;
}

function lookUp(byName: Map<string, OptionSpec>, token: FlagToken) {
  const known = byName.get(token.name);
  if (known) return { option: known, negated: false };
  const positive = byName.get(token.name.replace(/^no-/, ""));
  if (positive?.kind === "boolean" && token.rawName.startsWith("--no-")) {
    return { option: positive, negated: true };
  }
  throw new WattkeeperError(
    "invalid_usage",
    `Unknown flag "${token.rawName}".${
      didYouMean(token.rawName.replace(/^-+/, ""), byName.keys(), "--")
    }`,
    {
      where: token.rawName,
      remedy: "Run the command with --help for all of its flags.",
    },
  );
}

function valueOf(option: OptionSpec, token: FlagToken, negated: boolean) {
  const text = token.value;
  if (option.kind === "boolean") {
    if (text === undefined) return !negated;
    if (!negated && (text === "true" || text === "false")) {
      return text === "true";
    }
    throw new WattkeeperError(
      "invalid_value",
      `${token.rawName} is on or off and cannot be "${text}".`,
      {
        where: `--${option.name}`,
        remedy: `Write --${option.name} or --no-${option.name}.`,
      },
    );
  }
  if (text === undefined || !token.inlineValue && looksLikeFlag(text)) {
    throw new WattkeeperError(
      "invalid_usage",
      `--${option.name} needs a value${
        text === undefined ? "" : `; "${text}" follows it`
      }.`,
      {
        where: `--${option.name}`,
        remedy: `Write --${option.name} ${option.value ?? "VALUE"}${
          text === undefined ? "" : `, or --${option.name}=${text} if meant so`
        }.`,
      },
    );
  }
  return checkValue(option, text);
}

function looksLikeFlag(text: string): boolean {
  return /^-[^\d.]/.test(text);
}

function requireFlags(command: Command, flags: CommandContext["flags"]): void {
  const missing = command.options.filter((option) =>
    option.required && flags[option.name] === undefined
  ).map((option) => `--${option.name}`);
  if (missing.length === 0) return;
  throw new WattkeeperError(
    "invalid_usage",
    `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing.`,
    {
      where: missing.join(", "),
      remedy: `Usage: ${command.usage.join(" | ")}`,
    },
  );
}
