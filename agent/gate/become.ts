/** Becoming another program: same PID, same container, its signals and its exit code its own. @module */

import { libc } from "./libc.ts";

/** A command that cannot be run, with the exit code that shells use for it. */
export class CannotRunError extends Error {
  override readonly name = "CannotRunError";
  /** 127: there is no such program; 126: there is, and it cannot be run. */
  readonly exitCode: 126 | 127;

  constructor(exitCode: 126 | 127, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const SIGPIPE = 13;
const SIG_DFL = 0n;
const ENOENT = 2;
const SEARCH_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Finds what a command would run, before anybody waits for it: a typing error should show at once and not after the
 * grant.
 *
 * @param program as in `execvp`: with a slash a path, else searched in `searchPath`
 * @returns the path of the program
 * @throws {CannotRunError}
 */
export async function findProgram(
  program: string,
  searchPath: string = SEARCH_PATH,
): Promise<string> {
  const places = program.includes("/")
    ? [program]
    : searchPath.split(":").map((folder) => `${folder || "."}/${program}`);
  let unfit: string | undefined;
  for (const place of program === "" ? [] : places) {
    const found = await Deno.stat(place).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isFile && ((found.mode ?? 0) & 0o111) !== 0) return place;
    unfit ??= place;
  }
  throw unfit === undefined
    ? new CannotRunError(127, `There is no program "${program}".`)
    : new CannotRunError(126, `"${unfit}" is not an executable file.`);
}

/**
 * Replaces this process by the command; returns only by throwing. What this process had ignored for itself is given
 * back: a command whose SIGPIPE is ignored writes on into closed pipes.
 *
 * @param command program and arguments, at least one
 * @throws {CannotRunError} when the kernel refuses
 */
export function become(command: readonly string[]): never {
  const [program = ""] = command;
  const { execvp, signal, __errno_location } = libc();
  const texts = command.map((text) => new TextEncoder().encode(`${text}\0`));
  const pointers = new BigUint64Array(texts.length + 1);
  for (const [i, text] of texts.entries()) {
    pointers[i] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(text));
  }
  const previous = signal(SIGPIPE, SIG_DFL);
  execvp(texts[0] ?? new Uint8Array(1), new Uint8Array(pointers.buffer));
  const errno = readErrno(__errno_location());
  signal(SIGPIPE, previous);
  throw new CannotRunError(
    errno === ENOENT ? 127 : 126,
    `"${program}" could not be run (errno ${errno ?? "unknown"}).`,
  );
}

function readErrno(location: Deno.PointerValue): number | undefined {
  return location === null
    ? undefined
    : new Deno.UnsafePointerView(location).getInt32();
}
