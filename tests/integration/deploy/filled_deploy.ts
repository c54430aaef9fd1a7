/** A copy of `deploy/` with its settings filled in, as a person does before the first render. @module */

import { readManifests } from "../../kube/mod.ts";

const DEPLOY = new URL("../../../deploy", import.meta.url).pathname;

/** Where the filled-in deployment is, and what it plans for. */
export const NAMESPACE = "inference";
export const DEPLOYMENT = "chat";

/** What a person writes into `settings.env`. */
export const SETTINGS: Readonly<Record<string, string>> = {
  SAFE_DEFAULT_WATTS: "490",
  DEPLOYMENT_NAMESPACE: NAMESPACE,
  DGD_NAME: DEPLOYMENT,
  AGENT_IMAGE: "registry.example/wattkeeper-agent:0.1.0",
  PLANNER_IMAGE: "registry.example/wattkeeper-planner:0.1.0",
};

/** What a person writes into `planner.yaml`; accepted by `plan --check`. */
const PLANNER = new URL(
  "../../../docs/examples/kubernetes_disagg.yaml",
  import.meta.url,
);

/** A folder like `deploy/`, gone with the scope. */
export interface FilledDeploy extends AsyncDisposable {
  readonly folder: string;
}

/** @param settings a value that is undefined is left out of the file, as in the one that ships */
export async function filledDeploy(
  settings: Readonly<Record<string, string | undefined>> = SETTINGS,
): Promise<FilledDeploy> {
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-deploy-" });
  await copy(DEPLOY, folder);
  const lines = Object.entries(settings).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}\n`]
  );
  const path = `${folder}/settings/settings.env`;
  await Deno.writeTextFile(path, lines.join(""), { append: true });
  await Deno.copyFile(PLANNER, `${folder}/settings/planner.yaml`);
  return {
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copy(source, target);
    else await Deno.copyFile(source, target);
  }
}

/** Objects of one kind in rendered text. */
export function ofKind(text: string, kind: string) {
  return readManifests(text).filter((one) => one.kind === kind);
}
