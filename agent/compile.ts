/**
 * Builds the agent's single binary: `deno task compile:agent` → `dist/wattkeeper-agent` for x86-64 and arm64.
 *
 * `--graph` only prints the modules that go into it. `DENORT_BIN` names a base binary where Deno's download site cannot be
 * reached; what comes out then is checked for its content only (`docs/decisions/0103-the-agent-binary.md`).
 *
 * @module
 */

import { BINARY_PLACES, permissionFlags } from "./permissions.ts";

const ROOT = new URL("../", import.meta.url);
const TARGETS = {
  "x86_64-unknown-linux-gnu": "dist/wattkeeper-agent",
  "aarch64-unknown-linux-gnu": "dist/wattkeeper-agent-arm64",
};

/** Permissions baked in. */
export const PERMISSIONS: readonly string[] = permissionFlags(BINARY_PLACES);

/**
 * What V8 is told, for the sake of memory: a young generation that stays small, and not the larger of its two optimising
 * compilers. The agent does little, seldom, and most of it in the kernel (decision 0105).
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1,--no-opt";

/** The import map of the binary: the product's, with a table of two commands. */
export async function binaryImportMap(): Promise<string> {
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const { koffi: _, ...rest } = imports;
  return JSON.stringify({
    imports: {
      ...rest,
      [new URL("cli/command_table.ts", ROOT).href]:
        new URL("cli/agent_binary_table.ts", ROOT).href,
    },
  });
}

/** Modules that go into the binary, as `deno info` sees them. */
export async function binaryGraph(): Promise<string[]> {
  const map = await writeImportMap();
  try {
    const { success, stdout, stderr } = await deno([
      ...["info", "--json", "--no-lock", "--import-map", map, "main.ts"],
    ], "piped");
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { modules, npmPackages } = JSON.parse(
      new TextDecoder().decode(stdout),
    );
    const local = modules.map(({ specifier }: { specifier: string }) =>
      specifier.startsWith(ROOT.href)
        ? specifier.slice(ROOT.href.length)
        : specifier
    );
    return [...local, ...Object.keys(npmPackages ?? {})].sort();
  } finally {
    await Deno.remove(map);
  }
}

async function writeImportMap(): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, await binaryImportMap());
  return path;
}

function deno(args: string[], output: "piped" | "inherit") {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT.pathname,
    stdout: output,
    stderr: output,
  }).output();
}

/** @returns the exit code */
async function compile(): Promise<number> {
  const map = await writeImportMap();
  await Deno.mkdir(new URL("dist", ROOT), { recursive: true });
  try {
    for (const [target, output] of Object.entries(TARGETS)) {
      const { success } = await deno([
        ...["compile", "--no-lock", "--no-check", "--import-map", map],
        ...[V8_FLAGS, "--target", target],
        ...["--output", output, ...PERMISSIONS, "main.ts"],
      ], "inherit");
      if (!success) return 1;
    }
    return 0;
  } finally {
    await Deno.remove(map);
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "--graph") console.log((await binaryGraph()).join("\n"));
  else Deno.exit(await compile());
}
