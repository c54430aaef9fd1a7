/** The page that shows what each account was answered: written from a run, compared by every run. @module */

import { ATTEMPTS } from "./attempts/mod.ts";

/** Where it is. */
export const ACCESS_PAGE = new URL(
  "../../../docs/kubernetes-access.md",
  import.meta.url,
);

const HEAD = `# Who may what

What a kube-apiserver 1.34.4 answered, with RBAC and the policies of the overlay
\`prearm\` in force and each account's real token (an agent's is bound to a pod on
\`node-a\`). The deployment's namespace has the label
\`wattkeeper.dev/gate=required\`; the pod \`worker\` carries the grant \`5.3\` over
300 W before each line. \`tests/integration/deploy/access_test.ts\` asks all of it
again in every run. [kubernetes.md](kubernetes.md) says why the rules are as
they are.

"Stranger" may write pods of the namespace, "operator" may also \`release\`
\`powergrants.wattkeeper.dev\`, and the administrator is a member of
\`system:masters\`, whom RBAC does not bind.

`;

/** @param messages of the answers, in the order of {@linkcode ATTEMPTS}; empty: allowed */
export function accessPage(messages: readonly string[]): string {
  const accounts = [...new Set(ATTEMPTS.map(({ who }) => who))];
  const sections = accounts.map((account) => {
    const rows = ATTEMPTS.flatMap((attempt, i) =>
      attempt.who === account ? [row(attempt.what, messages[i] ?? "")] : []
    );
    const title = `${account[0]?.toUpperCase()}${account.slice(1)}`;
    return `## ${title}\n\n\`\`\`text\n${rows.join("")}\`\`\`\n`;
  });
  return `${HEAD}${sections.join("\n")}`;
}

function row(what: string, message: string): string {
  if (message === "") return `allowed  ${what}\n`;
  const [, policy, said] =
    /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: ([^]*)$/
      .exec(message) ?? [];
  return `REFUSED  ${what}\n         ${policy ?? "RBAC"}: ${
    steady(said ?? message)
  }\n`;
}

/** UIDs differ from run to run. */
function steady(text: string): string {
  return text.replaceAll(
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
    "<podUID>",
  );
}
