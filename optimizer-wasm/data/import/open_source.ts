/** From what a person typed to a source: `pip:…`, a wheel, or a folder. @module */

import { WattkeeperError } from "../../../service/portable.ts";
import { readFailure } from "../store/mod.ts";
import { openFolder } from "./folder_tree.ts";
import { fetchWheel } from "./pip_wheel.ts";
import { notAicData, type SourceTree } from "./source_tree.ts";
import { openWheel } from "./wheel_tree.ts";

/**
 * Opens a source.
 *
 * @param source `pip:aiconfigurator-core==0.12.0`, a `.whl` file, or a folder
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, `not_aic_data`, `invalid_file`, `import_failed`
 */
export async function openSource(
  source: string,
  signal: AbortSignal,
): Promise<SourceTree> {
  if (source.startsWith("pip:")) {
    const wheel = await fetchWheel(source.slice("pip:".length), signal);
    try {
      const tree = await openWheel(wheel.path);
      return {
        ...tree,
        [Symbol.asyncDispose]: async () => {
          await tree[Symbol.asyncDispose]();
          await wheel[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      await wheel[Symbol.asyncDispose]();
      throw error;
    }
  }
  const info = await Deno.stat(source).catch((error) => {
    throw error instanceof Deno.errors.NotFound
      ? new WattkeeperError("file_not_found", `"${source}" does not exist.`, {
        where: source,
        remedy: "Check the path, or use pip:aiconfigurator-core==0.12.0.",
      })
      : readFailure(source, error);
  });
  if (info.isDirectory) return await openFolder(source, signal);
  // A pipe or a device would keep the import waiting.
  if (info.isFile && (source.endsWith(".whl") || source.endsWith(".zip"))) {
    return await openWheel(source);
  }
  throw notAicData(source, "it is neither a folder nor a wheel (.whl)");
}
