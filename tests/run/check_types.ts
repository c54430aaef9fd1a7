/** Type-checks every TypeScript file but AssemblyScript, which has a compiler of its own. @module */

import { fileURLToPath } from "node:url";
import { typescriptFiles } from "./typescript_files.ts";

if (import.meta.main) {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...typescriptFiles(root)],
    cwd: root,
  }).spawn().status;
  Deno.exit(code);
}
