/** Finds what tests need, sets up what is missing, and says what cannot be. @module */

import type { CommandLine, Need, NeedPlace, NeedSetUp } from "./need.ts";

/** The machine as set-up sees it; tests bring their own. */
export interface Machine {
  /** @returns exit code, and what the command said; 127 when there is no such program */
  run(
    command: CommandLine,
    show: boolean,
  ): Promise<{ readonly code: number; readonly text: string }>;
  env(name: string): string | undefined;
  readonly isRoot: boolean;
  remove(path: string): Promise<void>;
  /** Held while one thing is set up, so that two runs at once do not share a half-made folder. */
  lock(name: string): Promise<AsyncDisposable>;
  say(line: string): void;
}

/** What came of one need. */
export interface NeedOutcome {
  readonly need: Need;
  /** For the environment of the tests; undefined when it could not be set up. */
  readonly value: string | undefined;
  /** The command that would set it up, when it could not be. */
  readonly command?: string;
}

/**
 * Provides one need.
 *
 * @param need the entry
 * @param place cache and checkout
 * @param machine where commands run
 * @param options `setUp: false` only looks
 * @returns the value for the tests, or the command that would provide it
 */
export async function provide(
  need: Need,
  { place, machine, setUp }: {
    readonly place: NeedPlace;
    readonly machine: Machine;
    readonly setUp: boolean;
  },
): Promise<NeedOutcome> {
  const before = await find(need, place, machine);
  if (before !== undefined || !setUp || !need.setUp) {
    return { need, value: before };
  }
  await using _lock = await machine.lock(need.name);
  const meanwhile = await find(need, place, machine);
  if (meanwhile !== undefined) return { need, value: meanwhile };
  machine.say(`Setting up ${need.title} …`);
  const failed = await install(need.setUp, place, machine);
  const value = failed ? undefined : await find(need, place, machine);
  return value === undefined
    ? { need, value, command: wouldBe(need.setUp, place, machine, failed) }
    : { need, value };
}

async function find(
  need: Need,
  place: NeedPlace,
  machine: Machine,
): Promise<string | undefined> {
  const given = machine.env(need.variable);
  const candidates = given ? [given] : need.candidates(place);
  for (const candidate of candidates) {
    const { code } = await machine.run(need.probe(candidate), false);
    if (code === 0) return candidate;
  }
  return undefined;
}

/** @returns the command that failed, or undefined */
async function install(
  setUp: NeedSetUp,
  place: NeedPlace,
  machine: Machine,
): Promise<CommandLine | undefined> {
  const { debian } = setUp;
  if (debian && (await machine.run(debian.without, false)).code !== 0) {
    const apt = debianCommands(debian.packages);
    if (!machine.isRoot) return apt[1];
    for (const command of apt) {
      const { code, text } = await machine.run(command, true);
      if (code !== 0) {
        machine.say(lastLines(text));
        return command;
      }
    }
  }
  const fresh = setUp.fresh?.(place);
  if (fresh !== undefined) await machine.remove(fresh);
  for (const command of setUp.commands(place)) {
    const { code, text } = await machine.run(command, true);
    if (code !== 0) {
      machine.say(lastLines(text));
      return command;
    }
  }
  return undefined;
}

function debianCommands(
  packages: readonly string[],
): readonly [CommandLine, CommandLine] {
  return [
    ["apt-get", "update", "-qq"],
    [
      "apt-get",
      "install",
      "-y",
      "-qq",
      "--no-install-recommends",
      ...packages,
    ],
  ];
}

/** The command for a person: what failed, and what had still been to do after it. */
function wouldBe(
  setUp: NeedSetUp,
  place: NeedPlace,
  machine: Machine,
  failed: CommandLine | undefined,
): string {
  const commands = setUp.commands(place);
  const position = failed ? commands.indexOf(failed) : 0;
  const left = position === -1
    ? [failed ?? commands[0], ...commands]
    : commands.slice(position);
  return left.filter((command) => command !== undefined)
    .map((command) => inWords(command, machine)).join(" && ");
}

function inWords(command: CommandLine, machine: Machine): string {
  const words = command[0] === "apt-get" && !machine.isRoot
    ? ["sudo", ...command]
    : command;
  return words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-8).join("\n");
}
