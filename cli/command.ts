/** What a command is, as data: its help, its flags and the function that runs it. @module */

/** One flag of a command. */
export interface OptionSpec {
  /** Long name without dashes, kebab-case: `total-gpus`. */
  readonly name: string;
  readonly kind: "string" | "boolean" | "number" | "integer";
  /** Word shown for the value in help, `WATTS`. Not for booleans. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string | number | boolean;
  readonly choices?: readonly string[];
  /** May be given several times; the value is then an array of strings, each checked against `kind`. */
  readonly multiple?: boolean;
  /** The command cannot run without it. */
  readonly required?: boolean;
}

/** What a command takes besides flags. */
export interface PositionalSpec {
  /** Word shown in help and messages, `SOURCE`. */
  readonly value: string;
  readonly help: string;
  readonly min: number;
  /** Absent: as many as are given. */
  readonly max?: number;
}

/** What one invocation of a command gets. Flags are parsed and checked against their {@linkcode OptionSpec}. */
export interface CommandContext {
  readonly flags: Readonly<
    Record<string, string | number | boolean | readonly string[] | undefined>
  >;
  readonly positionals: readonly string[];
  /** `table`, `json`, `csv` or `jsonl`, from `--output`; `table` on a terminal. */
  readonly output: OutputFormat;
  /** Aborted by ^C and SIGTERM. Long work must honour it: throw `signal.reason`, or finish and return. */
  readonly signal: AbortSignal;
  /** Writes to standard output, exactly as given. */
  readonly write: (text: string) => void;
  /** A progress line on standard error, on a terminal only. */
  readonly progress: Progress;
  /** Lines on standard error that are drawn again in place; absent where there is no terminal. */
  readonly status?: StatusLines;
}

/** A status for a person who watches. */
export interface StatusLines {
  readonly color: boolean;
  columns(): number;
  /** Draws lines in the place of the last ones; the log scrolls above them. */
  draw(lines: readonly string[]): void;
}

export type OutputFormat = "table" | "json" | "csv" | "jsonl";

/** Progress of work over a second: silent unless standard error is a terminal. */
export interface Progress {
  /** @param done items finished @param total items in all, or undefined when unknown @param label what is going on */
  update(done: number, total: number | undefined, label: string): void;
  /** Removes the line and leaves the terminal clean. */
  end(): void;
}

/** A command of `main.ts`; each lives in `cli/commands/` and is imported lazily. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Longer text of `--help`: what the command is for and how to read its answer. */
  readonly description: string;
  /** `estimate --model NAME --system NAME [flags]` */
  readonly usage: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Absent: the command takes none, and one that is given is an error. */
  readonly positionals?: PositionalSpec;
  readonly examples: readonly {
    readonly command: string;
    readonly explains: string;
  }[];
  readonly outputs: readonly OutputFormat[];
  /**
   * Runs until it is told to stop. A signal is then its ordinary end and the exit code is the one that `run` returns;
   * any other command that is interrupted exits with 130 (^C) or 143 (SIGTERM).
   */
  readonly service?: boolean;
  /** Sub-commands (`data import`), each a command of its own; `run` is used when there are none. */
  readonly subcommands?: readonly Command[];
  /** @returns the exit code: 0 done, 1 failed or infeasible, 2 wrong usage or bad input */
  readonly run?: (context: CommandContext) => Promise<number>;
}
