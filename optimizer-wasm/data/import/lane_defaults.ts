/** `attention_lane_defaults.yaml`: the attention lane that is asked first (`aic-engine.md` §2.2). @module */

import { z } from "zod";
import { compareVersions, isVersion } from "../store/mod.ts";
import { parseYaml } from "./parse_yaml.ts";

const schema = z.record(
  z.string(),
  z.record(z.string(), z.record(z.string(), z.string())),
);

/** The pinned lane of a version on GPUs of an SM version, or null. */
export type LaneDefaults = (
  backend: string,
  version: string,
  smVersion: number,
) => string | null;

/** A source without the file pins nothing. */
export const NO_LANE_DEFAULTS: LaneDefaults = () => null;

/** Reads the file: of each backend the greatest listed version ≤ the one asked for holds. */
export function readLaneDefaults(text: string, where: string): LaneDefaults {
  const backends = parseYaml({ text, where, schema, scalarsAsText: true });
  return (backend, version, smVersion) => {
    if (!isVersion(version)) return null;
    const listed = Object.keys(backends[backend] ?? {})
      .filter((it) => compareVersions(it, version) <= 0)
      .sort(compareVersions).at(-1);
    if (listed === undefined) return null;
    return backends[backend]?.[listed]?.[String(smVersion)] ?? null;
  };
}
