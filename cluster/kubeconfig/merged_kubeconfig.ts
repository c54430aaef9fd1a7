/** Kubeconfig files as `kubectl` merges them: checked, with all paths absolute. @module */

import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { WattkeeperError } from "../../service/mod.ts";

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

const AUTH_PROVIDER = z.object({
  name: z.string(),
  config: z.record(z.string(), z.string()).nullish()
    .transform((value) => value ?? {}),
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
  "auth-provider": AUTH_PROVIDER.nullish()
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

/**
 * Reads and merges; of two sections with one name the first counts.
 *
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, or `invalid_file` that names the file and the field
 */
export async function readKubeconfigs(
  files: readonly string[],
): Promise<MergedKubeconfig> {
  const clusters = new Map<string, KubeconfigCluster>();
  const users = new Map<string, KubeconfigUser>();
  const contexts = new Map<string, KubeconfigContext>();
  let currentContext: string | undefined;
  for (const file of files) {
    const one = checked(file, await readFile(file));
    const absolute = absoluteIn(dirname(resolve(file)));
    currentContext ??= one["current-context"];
    for (const { name, cluster } of one.clusters) {
      if (clusters.has(name)) continue;
      clusters.set(name, absolute(cluster, ["certificate-authority"]));
    }
    for (const { name, user } of one.users) {
      if (users.has(name)) continue;
      users.set(name, {
        ...absolute(user, ["client-certificate", "client-key", "tokenFile"]),
        file,
      });
    }
    for (const { name, context } of one.contexts) {
      if (!contexts.has(name)) contexts.set(name, context);
    }
  }
  return { file: files.join(":"), currentContext, clusters, users, contexts };
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

function checked(file: string, content: string): z.infer<typeof FILE> {
  let value: unknown;
  try {
    value = parse(content);
  } catch (cause) {
    throw kubeconfigProblem(
      file,
      `It cannot be read. ${cause instanceof Error ? cause.message : cause}`,
      cause,
    );
  }
  const result = FILE.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 5).map(({ path, message }) =>
    `${path.join(".") || "The whole"}: ${message}`
  );
  throw kubeconfigProblem(file, `It cannot be read. ${problems.join("; ")}.`);
}

/** Makes the paths in a section absolute. */
function absoluteIn(folder: string) {
  return <T extends Record<string, unknown>>(
    section: T,
    fields: readonly (keyof T)[],
  ): T => {
    const paths = fields.flatMap((field) => {
      const value = section[field];
      return typeof value === "string" ? [[field, resolve(folder, value)]] : [];
    });
    return { ...section, ...Object.fromEntries(paths) };
  };
}
