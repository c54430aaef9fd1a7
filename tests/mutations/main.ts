/** Runs the mutations: `deno run -A tests/mutations/main.ts [PART OF A NAME]`. Exits with 1 when one survives. @module */

import { type Mutation, MUTATIONS } from "./agent_mutations.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Copies what the tests need into a folder of its own. */
async function copyTree(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "mutations-" });
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name)
    .filter((name) => ![".git", "dist", "docs"].includes(name));
  const { success } = await new Deno.Command("cp", {
    args: ["-r", ...names.map((name) => `${ROOT}${name}`), folder],
  }).output();
  if (!success) throw new Error("The tree cannot be copied.");
  return folder;
}

/** @returns the names of the tests that turned red; none: the mutation survived */
async function redTests(
  folder: string,
  { file, from, to, test }: Mutation,
): Promise<string[]> {
  const path = `${folder}/${file}`;
  const text = await Deno.readTextFile(path);
  if (text.split(from).length !== 2) {
    console.error(`"${from}" is not once in ${file}.`);
    return [];
  }
  await Deno.writeTextFile(path, text.replace(from, () => to));
  try {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--fail-fast", test],
      cwd: folder,
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(120_000),
    }).output();
    if (success) return [];
    const said = new TextDecoder().decode(stdout);
    const names = [...said.matchAll(/^(.+) \.\.\. FAILED/gm)].map((m) => m[1]!);
    return names.length > 0 ? names : ["(the file does not run)"];
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

const folder = await copyTree();
let survivors = 0;
for (const mutation of MUTATIONS) {
  const name = `${mutation.rule}: ${mutation.does}`;
  if (!name.includes(Deno.args[0] ?? "")) continue;
  const red = await redTests(folder, mutation);
  if (red.length === 0) survivors++;
  console.log(
    red.length === 0
      ? `SURVIVED | ${name}`
      : `| ${mutation.rule} | ${mutation.does} | ${red[0]} |`,
  );
}
await Deno.remove(folder, { recursive: true });
if (survivors > 0) {
  console.log(`${survivors} survived.`);
  Deno.exit(1);
}
