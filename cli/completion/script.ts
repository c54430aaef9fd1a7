/** Completion scripts for bash, zsh and fish. @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { OptionSpec } from "../command.ts";
import type { CompletionNode } from "./tree.ts";

/** What a script is made from. */
export interface CompletionRequest {
  readonly shell: "bash" | "zsh" | "fish";
  /** Name under which the shell knows the program. */
  readonly program: string;
  readonly tree: readonly CompletionNode[];
}

/**
 * Makes the script.
 *
 * @param request shell, program name and what can stand where
 * @returns the script, to be sourced
 * @throws {WattkeeperError} `invalid_value` when the program's name would need quoting
 */
export function completionScript(request: CompletionRequest): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(request.program)) {
    throw new WattkeeperError(
      "invalid_value",
      `"${request.program}" is no name of a program.`,
      {
        where: "--program",
        remedy: "Use letters, digits, dots, dashes and underscores.",
      },
    );
  }
  switch (request.shell) {
    case "bash":
      return bash(request);
    case "zsh":
      return `#compdef ${request.program}\n` +
        "autoload -Uz bashcompinit && bashcompinit\n" + bash(request);
    case "fish":
      return fish(request);
  }
}

/** Flags whose value is looked for on disk. */
const PATH_VALUES = new Set(["FILE", "PATH", "DIR", "FOLDER", "SOURCE"]);

function bash({ program, tree }: CompletionRequest): string {
  const name = `_${program.replace(/[^A-Za-z0-9_]/g, "_")}`;
  const places = tree.map(({ path, commands, options }) => {
    const words = [
      ...commands.map((command) => command.name),
      ...options.map((option) => `--${option.name}`),
    ];
    return `    ${quoted(path.join(" "))}) words=${quoted(words.join(" "))} ;;`;
  });
  const values = tree.flatMap(({ path, options }) =>
    options.filter((option) => option.kind !== "boolean").map((option) =>
      `    ${quoted([...path, `--${option.name}`].join(" "))}) ${
        bashValue(option)
      } ;;`
    )
  );
  const known = tree.map(({ path }) => path.join(" ")).filter((path) => path);
  return `${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local place="" word words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "\${place:+$place }$word" in
      ${known.map(quoted).join(" | ")}) place="\${place:+$place }$word" ;;
    esac
  done
  COMPREPLY=()
  case "$place $previous" in
${values.join("\n")}
  esac
  case "$place" in
${places.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F ${name} ${program}
`;
}

function bashValue(option: OptionSpec): string {
  if (option.choices) {
    return `COMPREPLY=($(compgen -W ${
      quoted(option.choices.join(" "))
    } -- "$current")); return`;
  }
  return PATH_VALUES.has(option.value ?? "")
    ? 'COMPREPLY=($(compgen -f -- "$current")); return'
    : "return";
}

function fish({ program, tree }: CompletionRequest): string {
  const lines = tree.flatMap(({ path, commands, options }) => {
    const place = fishPlace(path, commands.map(({ name }) => name));
    return [
      ...commands.map((command) =>
        `complete -c ${program} -f -n ${quoted(place)} -a ${command.name} -d ${
          quoted(command.summary)
        }`
      ),
      ...options.map((option) =>
        `complete -c ${program} -n ${quoted(place)} -l ${option.name}${
          fishValue(option)
        } -d ${quoted(option.help)}`
      ),
    ];
  });
  return lines.map((line) => `${line}\n`).join("");
}

function fishPlace(
  path: readonly string[],
  next: readonly string[],
): string {
  if (path.length === 0) return "__fish_use_subcommand";
  const inside = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const before = next.length === 0
    ? []
    : [`not __fish_seen_subcommand_from ${next.join(" ")}`];
  return [...inside, ...before].join("; and ");
}

function fishValue(option: OptionSpec): string {
  if (option.kind === "boolean") return "";
  if (option.choices) {
    return ` -x -a ${quoted(option.choices.join(" "))}`;
  }
  return PATH_VALUES.has(option.value ?? "") ? " -r" : " -x";
}

/** Single quotes hold everything but themselves. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
