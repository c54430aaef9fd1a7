/** `query_versions.yaml`: the versions that upstream answers for (`aic-engine.md` §1.2). @module */

import { z } from "zod";
import type { PackIdentity } from "../pack/mod.ts";
import { compareVersions, isVersion, type VersionSlots } from "../store/mod.ts";
import { parseYaml } from "./parse_yaml.ts";

const slots = z.record(
  z.string(),
  z.object({
    current: z.string().nullish(),
    previous: z.string().nullish(),
  }),
);
const schema = z.object({
  defaults: slots,
  overrides: z.record(z.string(), slots).default({}),
});

/**
 * Slots of every measured (system, backend). `next` is the greatest version newer than `current` that any
 * system without entries of its own has; systems with own entries have no `next`.
 *
 * @param identities everything measured in the source
 * @throws {WattkeeperError} `invalid_file`
 */
export function readQueryVersions(
  { text, where, identities }: {
    readonly text: string;
    readonly where: string;
    readonly identities: readonly PackIdentity[];
  },
): VersionSlots[] {
  const { defaults, overrides } = parseYaml({ text, where, schema });
  const pairs = Map.groupBy(
    identities,
    ({ system, backend }) => `${system}\0${backend}`,
  );
  return [...pairs.values()].flatMap(([first]) => {
    const { system, backend } = first!;
    const own = overrides[system];
    const declared = (own ?? defaults)[backend];
    if (!declared?.current) return [];
    const { current, previous = null } = declared;
    return [{
      system,
      backend,
      current,
      previous,
      next: own === undefined
        ? nextVersion(
          current,
          identities.filter((it) =>
            it.backend === backend && overrides[it.system] === undefined
          ),
        )
        : null,
    }];
  });
}

function nextVersion(
  current: string,
  identities: readonly PackIdentity[],
): string | null {
  return identities.map(({ version }) => version)
    .filter((it) => isVersion(it) && compareVersions(it, current) > 0)
    .sort(compareVersions).at(-1) ?? null;
}
