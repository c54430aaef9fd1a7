/** Kubeconfig files as `kubectl` merges them: checked, with all paths absolute. @module */

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { WattkeeperError } from "../../service/mod.ts";
import type { LibraryReading } from "./client_library.ts";
import { readByLibrary } from "./library_reader.ts";

const text = z.string().nullish().transform((value) => value || undefined);
const flag = z.boolean().nullish().transform((value) => value === true);
const words = z.array(z.string()).nullish().transform((value) => value ?? []);

const CLUSTER = z.object({
  server: z.string(),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": flag,
  "tls-server-name": text,
  "proxy-url": text,
});

const EXEC = z.object({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: words,
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish()
    .transform((value) => value ?? []),
  installHint: text,
  interactiveMode: text,
  provideClusterInfo: flag,
});

const USER = z.object({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  username: text,
  as: text,
  "as-uid": text,
  "as-groups": words,
  "as-user-extra": z.record(z.string(), z.unknown()).nullish()
    .transform((value) => value ?? {}),
  exec: EXEC.nullish().transform((value) => value ?? undefined),
  "auth-provider": z.object({ name: z.string() }).nullish()
    .transform((value) => value ?? undefined),
});

const CONTEXT = z.object({
  cluster: z.string(),
  user: z.string(),
  namespace: text,
});

const FILE = z.object({
  "current-context": text,
  clusters: named("cluster", CLUSTER),
  users: named("user", USER),
  contexts: named("context", CONTEXT),
});

/** A `cluster` section; data wins over files, as in `kubectl`. */
export type KubeconfigCluster = z.infer<typeof CLUSTER>;
/** A `user` section. */
export type KubeconfigUser = z.infer<typeof USER> & {
  /** The file that it is from: its login program's paths are relative to it. */
  readonly file: string;
};
/** A `context` section. */
export type KubeconfigContext = z.infer<typeof CONTEXT>;

/** Several files as one. */
export interface MergedKubeconfig {
  /** Their names, as `$KUBECONFIG` would list them. */
  readonly file: string;
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
}

/** Reads kubeconfigs; what has not changed is not parsed again. */
export class KubeconfigReader {
  #texts: readonly string[] = [];
  #merged: MergedKubeconfig | undefined;

  /**
   * Reads and merges; of two sections with one name the first counts.
   *
   * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, or `invalid_file` that names the file and the field
   */
  async read(files: readonly string[]): Promise<MergedKubeconfig> {
    const texts: string[] = [];
    for (const file of files) texts.push(file, await readFile(file));
    const known = this.#merged;
    if (known && texts.join("\0") === this.#texts.join("\0")) return known;
    const readings = await readByLibrary(
      files.map((file, i) => ({
        folder: dirname(resolve(file)),
        text: texts[2 * i + 1] ?? "",
      })),
    );
    this.#merged = merged(
      files.map((file, i) => ({ file, ...checked(file, readings[i]) })),
    );
    this.#texts = texts;
    return this.#merged;
  }
}

function merged(
  files: readonly (z.infer<typeof FILE> & { readonly file: string })[],
): MergedKubeconfig {
  const clusters = new Map<string, KubeconfigCluster>();
  const users = new Map<string, KubeconfigUser>();
  const contexts = new Map<string, KubeconfigContext>();
  let currentContext: string | undefined;
  for (const { file, ...one } of files) {
    currentContext ??= one["current-context"];
    for (const { name, cluster } of one.clusters) {
      if (!clusters.has(name)) clusters.set(name, cluster);
    }
    for (const { name, user } of one.users) {
      if (users.has(name)) continue;
      const { tokenFile } = user;
      const path = tokenFile && resolve(dirname(file), tokenFile);
      users.set(name, { ...user, tokenFile: path, file });
    }
    for (const { name, context } of one.contexts) {
      if (!contexts.has(name)) contexts.set(name, context);
    }
  }
  return {
    file: files.map(({ file }) => file).join(":"),
    currentContext,
    clusters,
    users,
    contexts,
  };
}

/** Reads a file that a kubeconfig is, or names. */
export async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw new WattkeeperError(
      missing ? "file_not_found" : "file_unreadable",
      `The file "${path}" ${missing ? "does not exist" : "cannot be read"}.`,
      { where: path, cause },
    );
  }
}

/** An error about a kubeconfig. */
export function kubeconfigProblem(
  file: string,
  said: string,
  cause?: unknown,
): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `The kubeconfig "${file}" cannot be used. ${said}`,
    {
      where: file,
      remedy: "Try it: `kubectl --kubeconfig FILE get --raw /version`.",
      cause,
    },
  );
}

/** A list of `{ name, KEY: … }`, or nothing. */
function named<K extends string, T extends z.ZodType>(key: K, type: T) {
  return z.array(
    z.object(
      { name: z.string(), [key]: type } as
        & { name: z.ZodString }
        & Record<
          K,
          T
        >,
    ),
  ).nullish().transform((value) => value ?? []);
}

/** The library's reading, and of users what it passes over. */
function checked(
  file: string,
  reading: LibraryReading | undefined,
): z.infer<typeof FILE> {
  if (!reading || "problem" in reading) {
    throw kubeconfigProblem(
      file,
      `It cannot be read. ${reading?.problem ?? ""}`.trim(),
    );
  }
  const { config, userSections } = reading;
  const whole = z.looseObject({ users: z.array(z.looseObject({})) });
  const { users, ...rest } = whole.parse(config);
  const result = FILE.safeParse({
    ...rest,
    users: users.map((one) => ({
      ...one,
      user: {
        ...asObject(userSections[`${one["name"]}`]),
        ...asObject(one["user"]),
      },
    })),
  });
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 5).map(({ path, message }) =>
    `${path.join(".") || "The whole"}: ${message}`
  );
  throw kubeconfigProblem(file, `It cannot be read. ${problems.join("; ")}.`);
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
