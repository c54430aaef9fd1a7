/** Becoming another program: same PID, same container, its signals and its exit code its own. @module */

import { libc } from "../libc.ts";

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

/** `access(2)`: it is there; it may be run. */
const F_OK = 0;
const X_OK = 1;
const SIGPIPE = 13;
const SIG_DFL = 0n;
const ENOENT = 2;
const SEARCH_PATH =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Finds what a command would run, before anybody waits for it: a typing error should show at once and not after the
 * grant. Asks the kernel: the binary may read next to nothing of a worker's image.
 *
 * @param program as in `execvp`: with a slash a path, else searched in `searchPath`
 * @returns the path of the program
 * @throws {CannotRunError}
 */
export function findProgram(
  program: string,
  searchPath: string = SEARCH_PATH,
): string {
  const places = program.includes("/")
    ? [program]
    : searchPath.split(":").map((folder) => `${folder || "."}/${program}`);
  let unfit: string | undefined;
  for (const place of program === "" ? [] : places) {
    if (!allows(place, F_OK)) continue;
    const isFolder = allows(`${place}/.`, F_OK);
    if (!isFolder && allows(place, X_OK)) return place;
    unfit ??= place;
  }
  throw unfit === undefined
    ? new CannotRunError(127, `There is no program "${program}".`)
    : new CannotRunError(126, `"${unfit}" is not an executable file.`);
}

function allows(path: string, mode: number): boolean {
  return libc().access(terminated(path), mode) === 0;
}

/** The text as C reads it. A NUL inside would end it early, and name something else. */
function terminated(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new CannotRunError(126, `"${text}" holds a NUL character.`);
  }
  return new TextEncoder().encode(`${text}\0`);
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
  const { execvp, signal, strdup, __errno_location } = libc();
  // The copies are the C library's, so nothing moves them before the kernel has read them.
  const pointers = new BigUint64Array([
    ...command.map((text) => strdup(terminated(text))),
    0n,
  ]);
  const previous = signal(SIGPIPE, SIG_DFL);
  execvp(terminated(program), new Uint8Array(pointers.buffer));
  const errno = readErrno(__errno_location());
  signal(SIGPIPE, previous);
  throw new CannotRunError(
    errno === ENOENT ? 127 : 126,
    `"${program}" could not be run (errno ${errno ?? "unknown"}).`,
  );
}

function readErrno(location: bigint): number | undefined {
  if (location === 0n) return undefined;
  const errno = new Int32Array(1);
  libc().memcpy(new Uint8Array(errno.buffer), location, 4n);
  return errno[0];
}
