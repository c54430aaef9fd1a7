/** `kustomize build`, as a person runs it. @module */

import { KUSTOMIZE } from "./programs.ts";

/**
 * Renders a folder.
 *
 * @param folder with a `kustomization.yaml`
 * @returns YAML text
 * @throws {Error} with what kustomize says
 */
export async function kustomizeBuild(folder: string): Promise<string> {
  if (KUSTOMIZE === undefined) throw new Error("There is no kustomize.");
  const { success, stdout, stderr } = await new Deno.Command(KUSTOMIZE, {
    args: ["build", folder],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`kustomize build ${folder}: ${text(stderr)}`);
  return text(stdout);
}
