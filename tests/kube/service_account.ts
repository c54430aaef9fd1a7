/** Real service account tokens, bound to a pod on a node where that is wanted. @module */

import { type ApiClient, ApiError } from "../../cluster/mod.ts";

/** An account, and the pod whose token it is. */
export interface AccountRequest {
  readonly namespace: string;
  readonly name: string;
  readonly boundTo?: BoundPod;
  /** Least is ten minutes, which is the server's own bound. Default one hour. */
  readonly expirationSeconds?: number;
}

/** A pod that runs, or is to run, with the account. */
export interface BoundPod {
  readonly pod: string;
  readonly node: string;
}

/**
 * Makes the namespace, the account and the pod where they are missing, and asks for a token.
 *
 * @returns the token; one of a bound pod names its node in its claims
 */
export async function accountToken(
  client: ApiClient,
  { namespace, name, boundTo, expirationSeconds = 3600 }: AccountRequest,
): Promise<string> {
  const folder = `/api/v1/namespaces/${namespace}`;
  await ensure(client, "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  await ensure(client, `${folder}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
  });
  const boundObjectRef = boundTo && {
    apiVersion: "v1",
    kind: "Pod",
    name: boundTo.pod,
    uid: await podUid(client, folder, { ...boundTo, account: name }),
  };
  const answer = await client.create(
    `${folder}/serviceaccounts/${name}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds, ...(boundObjectRef && { boundObjectRef }) },
    },
  );
  return textAt(answer, "status", "token");
}

async function podUid(
  client: ApiClient,
  folder: string,
  { pod, node, account }: BoundPod & { account: string },
): Promise<string> {
  await ensure(client, `${folder}/pods`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod },
    spec: {
      serviceAccountName: account,
      nodeName: node,
      containers: [{ name: "main", image: "test" }],
    },
  });
  return textAt(await client.get(`${folder}/pods/${pod}`), "metadata", "uid");
}

/** An object with a name, and whatever else it has. */
interface NamedObject {
  readonly metadata: {
    readonly name: string;
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

/** Creates an object unless it is there. */
export async function ensure(
  client: ApiClient,
  collection: string,
  object: NamedObject,
): Promise<void> {
  try {
    await client.get(`${collection}/${object.metadata.name}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== "gone") throw error;
    await client.create(collection, object);
  }
}

/** A text deep inside an answer. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  let at = value;
  for (const key of path) {
    at = typeof at === "object" && at !== null
      ? Reflect.get(at, key)
      : undefined;
  }
  if (typeof at !== "string") throw new Error(`No text at ${path.join(".")}.`);
  return at;
}
