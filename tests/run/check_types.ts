/** Type-checks every TypeScript file but AssemblyScript, which has a compiler of its own. @module */

import { fileURLToPath } from "node:url";
import { BROWSER_LIBRARIES, typeErrors } from "./browser_types.ts";
import { BROWSER_CODE, typescriptFiles } from "./typescript_files.ts";

if (import.meta.main) {
  const root = fileURLToPath(new URL("../../", import.meta.url))
    .replace(/\/$/, "");
  const files = typescriptFiles(root);
  const isBrowser = (file: string) => BROWSER_CODE.test(file);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files.filter((file) => !isBrowser(file))],
    cwd: root,
  }).spawn().status;
  const errors = await typeErrors({
    root,
    libraries: BROWSER_LIBRARIES,
    files: files.filter(isBrowser),
    ours: isBrowser,
  });
  for (const error of errors) console.error(`${error}\n`);
  Deno.exit(code === 0 && errors.length > 0 ? 1 : code);
}
