/** The scenarios that ship with the product, by id, and reading files of one's own. @module */

import { WattkeeperError } from "../../service/mod.ts";
import { didYouMean } from "../../service/mod.ts";
import { loadScenario, type ReadText, type Scenario } from "./schema/mod.ts";

const FOLDER = new URL("./catalogue/", import.meta.url);
const FOLDERS = ["reference", "own"] as const;

/** One shipped scenario. */
export interface Listed {
  /** `A1`, from the file's name. */
  readonly id: string;
  /** `reference/A1_power_under_estimate_decode.yaml` */
  readonly path: string;
}

/** Every shipped scenario, the reference's thirty first. */
export async function listScenarios(): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  for (const folder of FOLDERS) {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(new URL(folder, FOLDER))) {
      if (name.endsWith(".yaml")) names.push(name);
    }
    names.sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
    listed.push(
      ...names.map((name) => ({
        id: name.split("_")[0] ?? name,
        path: `${folder}/${name}`,
      })),
    );
  }
  return listed;
}

/** Letter, then number. */
function order(name: string): number {
  const found = /^([A-Z])(\d+)/.exec(name);
  return found
    ? (found[1] ?? "").charCodeAt(0) * 1_000 + Number(found[2])
    : Infinity;
}

/** A shipped scenario by its listing. */
export async function openListed({ path }: Listed): Promise<Scenario> {
  return await loadScenario(path, readShipped);
}

/**
 * A scenario by id, by the beginning of its name, or by the path of a file.
 *
 * @throws {WattkeeperError} `invalid_usage` for an id that there is not, `file_not_found`, `invalid_config`
 */
export async function openScenario(name: string): Promise<Scenario> {
  const listed = await listScenarios();
  const wanted = name.toLowerCase();
  const found = listed.find(({ id }) => id.toLowerCase() === wanted) ??
    listed.find(({ path }) =>
      (path.split("/")[1] ?? "").toLowerCase().startsWith(wanted)
    );
  if (found) return await openListed(found);
  if (/\.(?:ya?ml|json)$/.test(name)) return await loadScenario(name, readOwn);
  throw new WattkeeperError(
    "invalid_usage",
    `There is no scenario "${name}".${
      didYouMean(name, listed.map(({ id }) => id))
    }`,
    {
      where: "--scenario",
      remedy: `Write all, the path of a YAML file, or one of ${
        listed.map(({ id }) => id).join(", ")
      }.`,
    },
  );
}

/** Shipped files by path; a base by its name. */
async function readShipped(name: string): Promise<string> {
  return await readBase(name) ??
    await Deno.readTextFile(new URL(name, FOLDER));
}

/** Files of one's own extend shipped bases and scenarios, or files beside them. */
async function readOwn(name: string): Promise<string> {
  try {
    return await Deno.readTextFile(name);
  } catch (cause) {
    const shipped = await readBase(name);
    if (shipped !== undefined) return shipped;
    throw new WattkeeperError(
      cause instanceof Deno.errors.NotFound
        ? "file_not_found"
        : "file_unreadable",
      `The scenario "${name}" cannot be read.`,
      {
        where: "--scenario",
        remedy: "Name a file that is there, or a base that ships.",
        cause,
      },
    );
  }
}

async function readBase(name: string): Promise<string | undefined> {
  const base = name.replace(/^.*bases\//, "").replace(/\.ya?ml$/, "");
  if (!/^[a-z0-9_]+$/.test(base)) return undefined;
  try {
    return await Deno.readTextFile(new URL(`bases/${base}.yaml`, FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** How {@linkcode loadScenario} reads shipped files. */
export const SHIPPED: ReadText = readShipped;
