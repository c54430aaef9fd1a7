/** An endpoint from a kubeconfig file: certificates and tokens only, without a YAML library. @module */

import { dirname, resolve } from "node:path";
import { type ErrorCode, WattkeeperError } from "../../service/mod.ts";
import { type Endpoint, readToken } from "../endpoint.ts";
import {
  parseYamlSubset,
  YamlSubsetError,
  type YamlValue,
} from "./yaml_subset.ts";

const REMEDY =
  "Write one that is read: `kubectl config view --raw --minify --flatten -o json > FILE`.";

/** Ways to log in that would run another program or send a password. */
const REFUSED_USER_FIELDS = [
  "exec",
  "auth-provider",
  "username",
  "password",
  "as",
  "as-groups",
  "as-uid",
  "as-user-extra",
];
/** Ways to connect that we do not take: to an unproven server, or over somebody else's. */
const REFUSED_CLUSTER_FIELDS = [
  "insecure-skip-tls-verify",
  "tls-server-name",
  "proxy-url",
];

/**
 * Reads the endpoint of a context, JSON or plain block YAML as `kubectl`, kubeadm, k3s and kind write it.
 *
 * @param path of the file; paths inside are relative to it
 * @param contextName instead of `current-context`
 * @throws {WattkeeperError} naming the file and the field
 */
export async function kubeconfigEndpoint(
  path: string,
  contextName?: string,
): Promise<Endpoint> {
  const file = new KubeconfigFile(path, parse(path, await read(path)));
  const wanted = contextName ?? text(file.root["current-context"]);
  if (wanted === undefined || wanted === "") {
    throw file.problem("It has no current-context.");
  }
  const context = file.named("context", wanted);
  const clusterName = text(context["cluster"]) ?? "";
  const cluster = file.named("cluster", clusterName);
  const user = file.named("user", text(context["user"]) ?? "");
  refuse(file, `cluster "${clusterName}"`, cluster, REFUSED_CLUSTER_FIELDS);
  refuse(file, `the user of context "${wanted}"`, user, REFUSED_USER_FIELDS);
  const certificate = await file.pem(user, "client-certificate");
  const key = await file.pem(user, "client-key");
  if ((certificate === undefined) !== (key === undefined)) {
    throw file.problem("It has a client certificate or its key, not both.");
  }
  const authority = await file.pem(cluster, "certificate-authority");
  return {
    server: file.server(cluster),
    caCertificates: authority === undefined ? [] : [authority],
    clientCertificate: certificate === undefined || key === undefined
      ? undefined
      : { certificate, key },
    token: file.token(user),
    namespace: text(context["namespace"]) ?? "default",
  };
}

type Fields = Readonly<Record<string, YamlValue>>;

class KubeconfigFile {
  readonly root: Fields;
  readonly #path: string;

  constructor(path: string, value: YamlValue) {
    this.#path = path;
    if (!isFields(value)) throw this.problem("It is not an object.");
    this.root = value;
  }

  problem(said: string, code: ErrorCode = "invalid_file"): WattkeeperError {
    return new WattkeeperError(
      code,
      `The kubeconfig "${this.#path}" cannot be used. ${said}`,
      { where: this.#path, remedy: REMEDY },
    );
  }

  /** The `kind` called `name` in the list of its kind. */
  named(kind: "cluster" | "context" | "user", name: string): Fields {
    const list = this.root[`${kind}s`];
    const entries = Array.isArray(list) ? list.filter(isFields) : [];
    const entry = entries.find((candidate) => candidate["name"] === name);
    const fields = entry?.[kind];
    if (!isFields(fields)) {
      throw this.problem(`It has no ${kind} "${name}".`);
    }
    return fields;
  }

  server(cluster: Fields): URL {
    const address = text(cluster["server"]) ?? "";
    const url = URL.parse(address);
    if (url?.protocol !== "https:" && url?.protocol !== "http:") {
      throw this.problem(`The server "${address}" is not an https address.`);
    }
    return url;
  }

  /** PEM text from `field-data` (base64) or the file that `field` names. */
  async pem(from: Fields, field: string): Promise<string | undefined> {
    const data = text(from[`${field}-data`]);
    if (data !== undefined && data !== "") {
      try {
        return new TextDecoder().decode(Uint8Array.fromBase64(data));
      } catch {
        throw this.problem(`The field "${field}-data" is not base64.`);
      }
    }
    const path = text(from[field]);
    if (path === undefined || path === "") return undefined;
    return await read(this.#relative(path));
  }

  token(user: Fields): (() => Promise<string>) | undefined {
    const file = text(user["tokenFile"]);
    if (file !== undefined && file !== "") {
      return () => readToken(this.#relative(file));
    }
    const token = text(user["token"]);
    return token === undefined || token === ""
      ? undefined
      : () => Promise.resolve(token);
  }

  #relative(path: string): string {
    return resolve(dirname(this.#path), path);
  }
}

function refuse(
  file: KubeconfigFile,
  whose: string,
  fields: Fields,
  refused: readonly string[],
): void {
  const found = refused.find((name) =>
    fields[name] !== undefined && fields[name] !== null &&
    fields[name] !== false && fields[name] !== ""
  );
  if (found !== undefined) {
    throw file.problem(
      `The field "${found}" of ${whose} is not supported: only certificates and tokens are.`,
    );
  }
}

function parse(path: string, content: string): YamlValue {
  try {
    return content.trimStart().startsWith("{")
      ? JSON.parse(content)
      : parseYamlSubset(content);
  } catch (cause) {
    const line = cause instanceof YamlSubsetError ? `:${cause.line}` : "";
    throw new WattkeeperError(
      "invalid_file",
      `The kubeconfig "${path}" cannot be read. ${
        cause instanceof Error ? cause.message : cause
      }`,
      { where: `${path}${line}`, remedy: REMEDY, cause },
    );
  }
}

async function read(path: string): Promise<string> {
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

function text(value: YamlValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isFields(value: YamlValue | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
