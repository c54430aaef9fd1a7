/**
 * `@kubernetes/client-node` in a process of its own: a second once, and none of its 85 MB stay with a planner that may have
 * 200 (decision 0305).
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { WattkeeperError } from "../../service/mod.ts";
import type { KubeconfigText, LibraryReading } from "./client_library.ts";

const PROCESS = new URL("./client_library_process.ts", import.meta.url);
/** Longer than a first start that fetches the library takes. */
const MOST_MS = 60_000;
/** What the library wants to see of the machine when it is loaded. */
const PERMISSIONS = ["--allow-env", "--allow-read", "--allow-sys"];

/** Reads each text; where no process may be started, in this one. */
export async function readByLibrary(
  texts: readonly KubeconfigText[],
): Promise<readonly LibraryReading[]> {
  const command = Deno.execPath();
  const { state } = await Deno.permissions.query({ name: "run", command });
  if (state !== "granted") {
    const { readWithLibrary } = await import("./client_library.ts");
    return texts.map(readWithLibrary);
  }
  const child = new Deno.Command(command, {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      ...PERMISSIONS,
      fileURLToPath(PROCESS),
    ],
    // Nobody's proxy is to be asked whether there is a newer Deno.
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(MOST_MS),
  }).spawn();
  const input = child.stdin.getWriter();
  // A child that dies early closes its input; its own words say more than that.
  const sent = input.write(new TextEncoder().encode(JSON.stringify(texts)))
    .then(() => input.close()).catch(() => undefined);
  const { success, stdout, stderr } = await child.output();
  await sent;
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  throw new WattkeeperError(
    "internal",
    `The process that reads kubeconfigs failed: ${
      new TextDecoder().decode(stderr).trim().slice(0, 2_000) ||
      `it did not end within ${MOST_MS / 1000} s`
    }`,
    {
      remedy:
        "It loads npm:@kubernetes/client-node, once over the network: `deno install --entrypoint main.ts` fetches it beforehand.",
    },
  );
}
