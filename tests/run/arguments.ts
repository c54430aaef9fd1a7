/** What a test run was asked for. @module */

/** The parsed command line of `tests/run/main.ts`. */
export interface RunRequest {
  /** Only `tests/unit`, without setting anything up. */
  readonly unit: boolean;
  /** Files and folders to look for tests in. */
  readonly paths: readonly string[];
  /** Handed to `deno test` as they are: `--filter NAME`, `--fail-fast`, … */
  readonly passed: readonly string[];
}

/** Flags of `deno test` whose value may be a word of its own. */
const WITH_VALUE = new Set(["--filter", "--shuffle", "--reporter"]);

/**
 * Splits the arguments into our own, paths, and what is `deno test`'s.
 *
 * @param args the command line
 * @returns the request; without paths all tests, or the unit tests
 */
export function readArguments(args: readonly string[]): RunRequest {
  const paths: string[] = [];
  const passed: string[] = [];
  let unit = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    const next = args[i + 1];
    if (arg === "--unit") unit = true;
    else if (!arg.startsWith("-")) paths.push(arg);
    else if (WITH_VALUE.has(arg) && next !== undefined) {
      passed.push(arg, next);
      i++;
    } else if (arg !== "--") passed.push(arg);
  }
  if (paths.length === 0) paths.push(unit ? "tests/unit" : "tests");
  return { unit, paths, passed };
}
