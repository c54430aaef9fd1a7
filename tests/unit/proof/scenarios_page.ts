/** `deno task docs:scenarios`: writes the table of `docs/scenarios.md` from the scenarios and their mutations. @module */

import { listScenarios, openListed } from "../../../proof/mod.ts";
import { SCENARIO_MUTATIONS } from "../../mutations/scenario_mutations.ts";

const PAGE = new URL("../../../docs/scenarios.md", import.meta.url);
const BEGIN = "<!-- scenarios: written by deno task docs:scenarios -->";
const END = "<!-- /scenarios -->";

/** The page as it should be. */
export async function scenariosPage(): Promise<string> {
  const page = await Deno.readTextFile(PAGE);
  const [before = "", rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  return `${before}${BEGIN}\n\n${await table()}\n${END}${after}`;
}

async function table(): Promise<string> {
  const rows = [
    "| id | what it shows | what stood there before | claims (ours) | turned red by a product that |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const listed of await listScenarios()) {
    const { about, name, assertions } = await openListed(listed);
    const ours = assertions.filter((one) => one.ours).length;
    const mutations = SCENARIO_MUTATIONS.filter(({ kills }) =>
      kills.includes(listed.id)
    ).map(({ does }) => does);
    rows.push(
      `| ${
        [
          listed.id,
          `${name}. ${about?.shows ?? ""}`,
          about?.instead ?? "–",
          `${assertions.length} (${ours})`,
          mutations.join("; "),
        ].map((cell) => cell.trim().replaceAll("|", "\\|")).join(" | ")
      } |`,
    );
  }
  return `${rows.join("\n")}\n`;
}

/** The page as it is. */
export function writtenPage(): Promise<string> {
  return Deno.readTextFile(PAGE);
}

if (import.meta.main) {
  await Deno.writeTextFile(PAGE, await scenariosPage());
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "-q", PAGE.pathname],
  })
    .output();
}
