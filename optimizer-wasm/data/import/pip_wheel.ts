/** Fetching a wheel with pip. @module */

import { join } from "node:path";
import { WattkeeperError } from "../../../service/portable.ts";

const REQUIREMENT =
  /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+(?:,(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+)*)?$/;
/** Python that runs pip; the environment variable is for machines where it has another name. */
const PYTHON_VARIABLE = "WATTKEEPER_PYTHON";

/** A wheel in a temporary folder that is removed on disposal. */
export interface FetchedWheel extends AsyncDisposable {
  readonly path: string;
}

/**
 * Runs `python3 -m pip download --no-deps`. Only wheels are taken, so that no package code runs.
 *
 * @param requirement `aiconfigurator-core==0.12.0`
 * @throws {WattkeeperError} `invalid_value` for another form, `import_failed` when pip fails
 */
export async function fetchWheel(
  requirement: string,
  signal: AbortSignal,
): Promise<FetchedWheel> {
  if (!REQUIREMENT.test(requirement)) {
    throw new WattkeeperError(
      "invalid_value",
      `"pip:${requirement}" is not a package requirement.`,
      { remedy: "Write it as pip:aiconfigurator-core==0.12.0." },
    );
  }
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-pip-" });
  const remove = () =>
    Deno.remove(folder, { recursive: true }).catch(() => undefined);
  try {
    await runPip(requirement, folder, signal);
    const wheels = (await Array.fromAsync(Deno.readDir(folder)))
      .map((it) => it.name).filter((name) => name.endsWith(".whl"));
    const [wheel] = wheels;
    if (wheel === undefined) {
      throw pipFailed(requirement, "it downloaded no wheel");
    }
    return { path: join(folder, wheel), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function runPip(
  requirement: string,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const python = Deno.env.get(PYTHON_VARIABLE) ?? "python3";
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(python, {
      args: [
        ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:"],
        ...["--disable-pip-version-check", "--no-input", "-q"],
        ...["-d", folder, requirement],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal,
    }).output();
  } catch (error) {
    signal.throwIfAborted();
    throw pipFailed(
      requirement,
      `"${python}" could not be started`,
      error,
    );
  }
  signal.throwIfAborted();
  if (!output.success) {
    const said = new TextDecoder().decode(output.stderr).trim().split("\n");
    throw pipFailed(
      requirement,
      said.findLast((line) => line.startsWith("ERROR")) ?? said.at(-1) ?? "",
    );
  }
}

function pipFailed(
  requirement: string,
  found: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "import_failed",
    `pip could not download "${requirement}": ${found}.`,
    {
      remedy:
        "Install Python with pip and check the network, or download the wheel elsewhere and import the file.",
      cause,
    },
  );
}
