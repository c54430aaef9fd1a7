/** The RBAC rule that would allow a request, ready to paste into a role. @module */

/** What a path of the API names. */
export interface ResourcePath {
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/**
 * Reads `/api/v1/namespaces/N/pods/P/status` and its like.
 *
 * @param path with or without query
 * @returns undefined for a path that names no resource: `/readyz`
 */
export function readResourcePath(path: string): ResourcePath | undefined {
  const segments = (path.split("?", 1)[0] ?? "").split("/").filter(Boolean)
    .map(decodeURIComponent);
  const core = segments[0] === "api";
  if (!core && segments[0] !== "apis") return undefined;
  const group = core ? "" : segments[1] ?? "";
  let rest = segments.slice(core ? 2 : 3);
  let namespace: string | undefined;
  if (rest[0] === "namespaces" && rest.length > 2) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [resource, name, subresource] = rest;
  return resource === undefined
    ? undefined
    : { group, resource, name, subresource, namespace };
}

/** The verb that RBAC knows a request by. */
export function rbacVerb(method: string, path: string): string {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return "delete";
    default:
      if (new URLSearchParams(path.split("?")[1]).has("watch")) return "watch";
      return readResourcePath(path)?.name === undefined ? "list" : "get";
  }
}

/**
 * The rule that allows exactly this request, and where it goes.
 *
 * @returns undefined for a path that names no resource
 */
export function missingRule(method: string, path: string): string | undefined {
  const at = readResourcePath(path);
  if (at === undefined) return undefined;
  const resource = at.subresource === undefined
    ? at.resource
    : `${at.resource}/${at.subresource}`;
  const role = at.namespace === undefined
    ? "a ClusterRole of the account"
    : `a Role of the account in namespace "${at.namespace}", or a ClusterRole`;
  return [
    `Add to ${role}:`,
    `- apiGroups: [${JSON.stringify(at.group)}]`,
    `  resources: [${JSON.stringify(resource)}]`,
    `  verbs: [${JSON.stringify(rbacVerb(method, path))}]`,
  ].join("\n");
}
