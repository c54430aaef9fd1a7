/** `data import`: AIC's tables from a folder, a wheel or pip into the store (`SPEC.md` R50). @module */

import {
  importData,
  type ImportSummary,
} from "../../optimizer-wasm/data/import/mod.ts";
import type { Command } from "../command.ts";
import {
  FILTER_OPTIONS,
  listOf,
  STORE_OPTION,
  storeDirectory,
} from "./options.ts";

/** The command. */
export const importCommand: Command = {
  name: "import",
  summary: "import AIConfigurator's measured tables",
  description:
    `Reads a source, resolves for every (system, backend, version) which measured files count and in which order, and writes one compact pack each. Either everything asked for is imported, or the store stays as it was; ^C is safe.
SOURCE is a checkout of AIConfigurator, its aiconfigurator_core or systems folder, a wheel (.whl), or pip:REQUIREMENT, which runs "python3 -m pip download".
Where the source names the versions that upstream answers for (query_versions.yaml), those are imported; --all-versions imports every measured one. Versions that came from another source are kept unless --force is given.`,
  usage: ["data import SOURCE [flags]"],
  positionals: {
    value: "SOURCE",
    help: "a folder, a wheel, or pip:aiconfigurator-core==0.12.0",
    min: 1,
    max: 1,
  },
  options: [
    ...FILTER_OPTIONS,
    {
      name: "all-versions",
      kind: "boolean",
      help:
        "Import every measured version, not only those in upstream's slots.",
    },
    STORE_OPTION,
    {
      name: "force",
      kind: "boolean",
      help:
        "Replace versions that came from another source, and a store that cannot be read.",
    },
  ],
  examples: [
    {
      command:
        "deno run -A main.ts data import pip:aiconfigurator-core==0.12.0",
      explains: "the released tables, about 80 MB to download",
    },
    {
      command:
        "deno run -A main.ts data import ./aiconfigurator --system h200_sxm --backend vllm --all-versions",
      explains: "every vllm version of one system, from a checkout",
    },
  ],
  outputs: ["table", "json"],
  async run({ flags, positionals, output, signal, write, progress }) {
    const store = storeDirectory(flags);
    const summary = await importData({
      source: positionals[0]!,
      store,
      systems: listOf(flags, "system"),
      backends: listOf(flags, "backend"),
      versions: listOf(flags, "version"),
      allVersions: flags["all-versions"] === true,
      force: flags["force"] === true,
      now: new Date(),
      signal,
      onProgress: (done, total, label) => progress.update(done, total, label),
    });
    progress.end();
    write(
      output === "json" ? asJson(summary, store) : asText(summary, store),
    );
    return 0;
  },
};

function asJson(summary: ImportSummary, store: string): string {
  const { source, imported, kept, systems, models, bytes } = summary;
  const answer = { source, store, imported, kept, systems, models, bytes };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

function asText(summary: ImportSummary, store: string): string {
  const { source, imported, kept, systems, models, bytes } = summary;
  const lines = [
    `Imported ${imported.length} packs (${
      (bytes / 1e6).toFixed(0)
    } MB), ${systems} systems and ${models} models from ${source}`,
    `into ${store}.`,
  ];
  if (kept.length > 0) {
    const names = kept.map((it) => `${it.system} ${it.backend} ${it.version}`);
    lines.push(
      `Kept ${kept.length} that came from another source (replace with --force): ${
        names.join(", ")
      }.`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}
