/** Manifests → objects of the cluster, by server-side apply, in an order in which they are accepted. @module */

import { parseAllDocuments } from "yaml";
import { type ApiClient, ApiError } from "../../cluster/mod.ts";
import { until } from "./until.ts";

/** An object of a manifest, as far as applying it goes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What others of the same manifest stand on. */
const FIRST = ["Namespace", "CustomResourceDefinition", "ServiceAccount"];

/** A manifest is applied under this name. */
export const APPLY_MANAGER = "kubectl";

/**
 * Reads the objects of YAML text.
 *
 * @throws {Error} for a document that is none
 */
export function readManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (isManifest(value)) {
      return value.kind === "List" && "items" in value &&
          Array.isArray(value.items)
        ? value.items.filter(isManifest)
        : [value];
    }
    throw new Error(
      `This is no object of Kubernetes: ${JSON.stringify(value)}`,
    );
  });
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === "object" && value !== null && "kind" in value &&
    "apiVersion" in value && typeof value.apiVersion === "string";
}

/** Applies objects to one cluster; knows the plural names that its API server tells. */
export class Applier {
  readonly #client: ApiClient;
  readonly #plurals = new Map<string, { path: string; namespaced: boolean }>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /**
   * Applies what is there and waits until CRDs are served.
   *
   * @returns the objects as stored, in the order of applying
   */
  async apply(manifests: readonly Manifest[]): Promise<unknown[]> {
    const rank = ({ kind }: Manifest) => {
      const at = FIRST.indexOf(kind);
      return at === -1 ? FIRST.length : at;
    };
    const stored: unknown[] = [];
    for (const manifest of manifests.toSorted((a, b) => rank(a) - rank(b))) {
      stored.push(
        await this.#client.apply(await this.path(manifest), manifest, {
          fieldManager: APPLY_MANAGER,
          force: true,
        }),
      );
      if (manifest.kind === "CustomResourceDefinition") {
        await this.#served(manifest);
      }
    }
    return stored;
  }

  /** Deletes what is there; what is gone already is no error. */
  async delete(manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests.toReversed()) {
      try {
        await this.#client.delete(await this.path(manifest));
      } catch (error) {
        if (!(error instanceof ApiError) || error.kind !== "gone") throw error;
      }
    }
  }

  /** @returns the path of the object that a manifest describes */
  async path(manifest: Manifest): Promise<string> {
    const { apiVersion, kind, metadata } = manifest;
    const key = `${apiVersion} ${kind}`;
    if (!this.#plurals.has(key)) await this.#discover(apiVersion);
    const found = this.#plurals.get(key);
    if (!found) throw new Error(`The API server knows no ${key}.`);
    const namespace = found.namespaced
      ? `/namespaces/${metadata.namespace ?? "default"}`
      : "";
    return `${
      groupPath(apiVersion)
    }${namespace}/${found.path}/${metadata.name}`;
  }

  async #discover(apiVersion: string): Promise<void> {
    const list = await this.#client.get(groupPath(apiVersion));
    for (const resource of resourcesOf(list)) {
      if (resource.name.includes("/")) continue;
      this.#plurals.set(`${apiVersion} ${resource.kind}`, {
        path: resource.name,
        namespaced: resource.namespaced,
      });
    }
  }

  async #served(crd: Manifest): Promise<void> {
    const path = await this.path(crd);
    await until(`the CRD ${crd.metadata.name} is established`, async () => {
      return isEstablished(await this.#client.get(path));
    });
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/")
    ? `/apis/${apiVersion}`
    : `/api/${apiVersion}`;
}

function isEstablished(crd: unknown): boolean {
  const conditions = valueAt(valueAt(crd, "status"), "conditions");
  return Array.isArray(conditions) &&
    conditions.some((condition) =>
      valueAt(condition, "type") === "Established" &&
      valueAt(condition, "status") === "True"
    );
}

function valueAt(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Reflect.get(value, key)
    : undefined;
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

function resourcesOf(list: unknown): ApiResource[] {
  return typeof list === "object" && list !== null && "resources" in list &&
      Array.isArray(list.resources)
    ? list.resources
    : [];
}
