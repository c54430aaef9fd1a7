/** Kubeconfig text through `@kubernetes/client-node`. Loading this module costs some 85 MB: see `library_reader.ts`. @module */

import { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";

/** One file. */
export interface KubeconfigText {
  /** Folder that the paths in it are relative to. */
  readonly folder: string;
  readonly text: string;
}

/** What became of one file. */
export type LibraryReading =
  | {
    /** As the library writes it again, all paths absolute: the sections of `kubectl config view`. */
    readonly config: unknown;
    /** Each user's section as it stands, for fields that the library passes over. */
    readonly userSections: Readonly<Record<string, unknown>>;
  }
  | { readonly problem: string };

/** Reads one file. */
export function readWithLibrary(
  { folder, text }: KubeconfigText,
): LibraryReading {
  try {
    const config = new KubeConfig();
    config.loadFromString(text);
    config.makePathsAbsolute(folder);
    return {
      config: JSON.parse(config.exportConfig()),
      userSections: userSections(parse(text)),
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function userSections(root: unknown): Record<string, unknown> {
  const users = member(root, "users");
  return Object.fromEntries(
    (Array.isArray(users) ? users : []).map((one) => [
      String(member(one, "name")),
      member(one, "user"),
    ]),
  );
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
