/**
 * Runs tests: sets up what they need, runs `deno test`, and ends with the line `N passed, N failed, N skipped`.
 * `deno task test [PATH…] [--filter NAME]`; flags of `deno test` pass through.
 * @module
 */

import { fileURLToPath } from "node:url";
import { readArguments } from "./arguments.ts";
import { readJunit } from "./junit.ts";
import { cacheFolder, realMachine } from "./machine.ts";
import { NEEDS } from "./needs.ts";
import { type NeedOutcome, provide } from "./set_up.ts";
import { testFiles } from "./test_files.ts";
import { judge, type Verdict } from "./verdict.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
  .replace(/\/$/, "");

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<0 | 1> {
  Deno.chdir(ROOT);
  const request = readArguments(args);
  const cache = cacheFolder((name) => Deno.env.get(name), ROOT);
  const machine = realMachine(cache);
  const outcomes: NeedOutcome[] = [];
  for (const need of NEEDS) {
    const place = {
      cache,
      root: ROOT,
      kubebuilderAssets: Deno.env.get("KUBEBUILDER_ASSETS"),
    };
    outcomes.push(
      await provide(need, { place, machine, setUp: !request.unit }),
    );
  }
  const verdict = await runTests(request, outcomes);
  for (const note of verdict.notes) console.log(note);
  if (!request.unit) sayWhatIsMissing(outcomes);
  console.log(verdict.closingLine);
  return verdict.exitCode;
}

async function runTests(
  { paths, passed }: ReturnType<typeof readArguments>,
  outcomes: readonly NeedOutcome[],
): Promise<Verdict> {
  const files = testFiles(paths);
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-tests-" });
  const report = `${folder}/junit.xml`;
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--allow-all",
        "--no-check",
        `--junit-path=${report}`,
        ...passed,
        ...files,
      ],
      env: Object.fromEntries(
        outcomes.flatMap(({ need, value }) =>
          value === undefined ? [] : [[need.variable, value]]
        ),
      ),
    }).spawn().status;
    const results = readJunit(await readIfThere(report));
    const seen = new Set(results.map(({ file }) => file.replace(/^\.\//, "")));
    return judge({
      results,
      exitCode: code,
      silentFiles: passed.length === 0
        ? files.filter((file) => !seen.has(file))
        : [],
    }, Deno.env.get("CI") === "true");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

function sayWhatIsMissing(outcomes: readonly NeedOutcome[]): void {
  for (const { need, value, command } of outcomes) {
    if (value !== undefined) continue;
    console.log(
      `Not here: ${need.title}; tests that need it are skipped.${
        command ? ` It is set up by: ${command}` : ""
      }`,
    );
  }
}
