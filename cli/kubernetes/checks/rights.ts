/** Checks: the accounts of planner and agents may do what they do, and not what would break the claims. @module */

import {
  AGENT_ACCOUNT,
  ApiError,
  PLANNER_ACCOUNT,
} from "../../../cluster/mod.ts";
import { type CheckRow, fail, notChecked, pass } from "../check.ts";
import { at, textAt } from "../reading.ts";
import type { CheckTarget } from "../target.ts";

/** One question to the API server's authorizer. */
interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** What an account must be allowed, and must not. */
interface AccountRights {
  readonly account: string;
  readonly subject: string;
  readonly needed: readonly Right[];
  readonly dangerous: readonly Right[];
}

const right = (
  verb: string,
  group: string,
  resource: string,
  namespace?: string,
): Right => {
  const [main = "", subresource] = resource.split("/");
  return {
    verb,
    group,
    resource: main,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
  };
};

/** @param writes an advisory planner needs none of the rights to write */
function plannerRights(namespace: string, writes: boolean): AccountRights {
  const reads = [
    ...["list", "watch"].flatMap((verb) => [
      right(verb, "", "pods", namespace),
      right(verb, "apps", "deployments", namespace),
      right(verb, "wattkeeper.dev", "nodepowerreports"),
      right(verb, "", "nodes"),
    ]),
    right("get", "", "pods", namespace),
    right("get", "nvidia.com", "dynamographdeployments", namespace),
  ];
  return {
    account: PLANNER_ACCOUNT,
    subject: `${PLANNER_ACCOUNT} in ${namespace}`,
    needed: writes
      ? [
        ...reads,
        right("patch", "", "pods", namespace),
        right("patch", "apps", "deployments/scale", namespace),
        right(
          "patch",
          "nvidia.com",
          "dynamographdeploymentscalingadapters/scale",
          namespace,
        ),
        right("create", "coordination.k8s.io", "leases", namespace),
        right("create", "", "events", namespace),
      ]
      : reads,
    dangerous: [
      right("create", "", "pods", namespace),
      right("delete", "", "pods", namespace),
      right("create", "", "pods/exec", namespace),
      right("get", "", "secrets", namespace),
      right("update", "wattkeeper.dev", "nodepowerreports/status"),
      right("patch", "", "nodes"),
    ],
  };
}

function agentRights(): AccountRights {
  return {
    account: AGENT_ACCOUNT,
    subject: AGENT_ACCOUNT,
    needed: [
      right("list", "", "pods"),
      right("watch", "", "pods"),
      right("get", "wattkeeper.dev", "nodepowerreports"),
      right("create", "wattkeeper.dev", "nodepowerreports"),
      right("update", "wattkeeper.dev", "nodepowerreports/status"),
    ],
    dangerous: [
      right("patch", "", "pods"),
      right("update", "", "pods"),
      right("delete", "wattkeeper.dev", "nodepowerreports"),
      right("get", "", "secrets"),
      right("update", "", "nodes"),
    ],
  };
}

/**
 * Asks for the planner in each namespace, and for the agents.
 *
 * @param namespaces of deployments @param writes whether a planner that writes is installed
 */
export async function checkRights(
  target: CheckTarget,
  namespaces: readonly string[],
  writes: boolean,
): Promise<CheckRow[]> {
  const accounts = [
    ...namespaces.map((namespace) => plannerRights(namespace, writes)),
    agentRights(),
  ];
  const self = await whoAmI(target);
  return await Promise.all(
    accounts.map((rights) => accountRow(target, rights, self)),
  );
}

async function accountRow(
  target: CheckTarget,
  { account, subject, needed, dangerous }: AccountRights,
  self: string | undefined,
): Promise<CheckRow> {
  const user = `system:serviceaccount:${target.system}:${account}`;
  const asker = { user, self: self === user };
  try {
    const [missing, excess] = await Promise.all(
      [needed, dangerous].map(async (rights, i) => {
        const answers = await Promise.all(
          rights.map((one) => isAllowed(target, asker, one)),
        );
        return rights.filter((_, k) => answers[k] === (i === 1));
      }),
    );
    if (missing && missing.length > 0) {
      return fail("rbac", subject, {
        found: `may not ${missing.map(named).join("; ")}`,
        remedy: ruleOf(missing),
      });
    }
    if (excess && excess.length > 0) {
      return fail("rbac", subject, {
        found: `may ${excess.map(named).join("; ")}, which nothing needs`,
        remedy: "Take away the role that gives it.",
      });
    }
    return pass(
      "rbac",
      subject,
      `${needed.length} needed rights given, ${dangerous.length} others not`,
    );
  } catch (error) {
    target.signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    return notChecked(
      "rbac",
      subject,
      error.message,
      "Run it with an account that may create subjectaccessreviews, or as the account itself.",
    );
  }
}

/** The API server's own word: of this account about itself, or, for who may ask, about another. */
async function isAllowed(
  target: CheckTarget,
  { user, self }: { readonly user: string; readonly self: boolean },
  resourceAttributes: Right,
): Promise<boolean> {
  const group = "/apis/authorization.k8s.io/v1";
  const kind = self ? "SelfSubjectAccessReview" : "SubjectAccessReview";
  const answer = await target.client.create(
    `${group}/${kind.toLowerCase()}s`,
    {
      apiVersion: "authorization.k8s.io/v1",
      kind,
      spec: self ? { resourceAttributes } : {
        resourceAttributes,
        user,
        groups: [
          "system:serviceaccounts",
          `system:serviceaccounts:${target.system}`,
          "system:authenticated",
        ],
      },
    },
    target.signal,
  );
  return at(answer, "status", "allowed") === true;
}

/** Who asks, by the API server's word; undefined where it does not say. */
async function whoAmI(target: CheckTarget): Promise<string | undefined> {
  try {
    const answer = await target.client.create(
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      target.signal,
    );
    return textAt(answer, "status", "userInfo", "username");
  } catch (error) {
    target.signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    return undefined;
  }
}

function named({ verb, resource, subresource, group }: Right): string {
  return `${verb} ${resource}${subresource ? `/${subresource}` : ""}${
    group === "" ? "" : `.${group}`
  }`;
}

/** Rules to paste. */
function ruleOf(missing: readonly Right[]): string {
  return missing.map((
    { verb, group, resource, subresource, namespace },
  ) =>
    `- {apiGroups: ["${group}"], resources: ["${resource}${
      subresource ? `/${subresource}` : ""
    }"], verbs: ["${verb}"]}${
      namespace === undefined
        ? " in its ClusterRole"
        : ` in its Role in ${namespace}`
    }`
  ).join("; ");
}
