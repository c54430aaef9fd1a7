/** One import at a time: a lock that ends with the process that holds it. @module */

import { join } from "node:path";
import { WattkeeperError } from "../../../service/portable.ts";

/** Name of the lock file in the store's folder; it exists only while an import runs. */
export const LOCK_FILE = "import.lock";

/**
 * Takes the lock of the store at `directory`, which must exist.
 *
 * @throws {WattkeeperError} `import_failed` when another import holds it
 */
export async function lockStore(
  directory: string,
): Promise<AsyncDisposable> {
  const path = join(directory, LOCK_FILE);
  for (;;) {
    const file = await Deno.open(path, { write: true, create: true });
    if (!await file.tryLock(true)) {
      file.close();
      throw new WattkeeperError(
        "import_failed",
        `Another import is writing to "${directory}".`,
        { where: path, remedy: "Wait until it has ended, then try again." },
      );
    }
    // The holder before us removed the file it had locked: ours must be the one that has the name now.
    const [ours, named] = await Promise.all([
      file.stat(),
      Deno.stat(path).catch(() => null),
    ]);
    if (named !== null && named.ino === ours.ino) {
      return {
        [Symbol.asyncDispose]: async () => {
          await Deno.remove(path).catch(() => undefined);
          file.close();
        },
      };
    }
    file.close();
  }
}
