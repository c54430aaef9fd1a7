/** Kubeconfigs of every kind against a real API server. @module */

import assert from "node:assert/strict";
import { stringify } from "yaml";
import {
  type AccessEnvironment,
  endpointLoader,
} from "../../../cluster/kubeconfig/planner_endpoint.ts";
import {
  ApiClient,
  ApiTransport,
  type Endpoint,
  realClock,
} from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { KUBE, startCluster, type TestCluster } from "../../kube/mod.ts";
import { httpProxy, socksProxy } from "../../kube/proxies.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

const ignore = KUBE === undefined;
const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

/** A kubeconfig with one context; `user` and `cluster` are its sections. */
function config(
  cluster: TestCluster,
  user: Record<string, unknown>,
  more: Record<string, unknown> = {},
): string {
  const { server, caCertificates } = cluster.adminEndpoint;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "c",
      cluster: {
        server: server.href,
        "certificate-authority-data": base64(caCertificates.join("")),
        ...more,
      },
    }],
    users: [{ name: "u", user }],
    contexts: [{
      name: "x",
      context: { cluster: "c", user: "u", namespace: "prod" },
    }],
    "current-context": "x",
  }, { lineWidth: 0 });
}

/** Nothing but these variables around. */
function surroundings(
  variables: Record<string, string> = {},
): AccessEnvironment & { nowMs: number } {
  return {
    nowMs: 0,
    variable: (name) => variables[name],
    wallClockMs() {
      return this.nowMs;
    },
  };
}

/** Who the API server says we are. */
async function whoAmI(load: () => Promise<Endpoint>): Promise<string> {
  using transport = new ApiTransport(load);
  return await askName(transport);
}

async function askName(transport: ApiTransport): Promise<string> {
  const client = new ApiClient(transport, {
    clock: realClock,
    random: Math.random,
  });
  const review = await client.create(
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  );
  return /"username":"([^"]*)"/.exec(JSON.stringify(review))?.[1] ?? "";
}

/** A login program that counts its runs, gives the token in a file, and says when it expires. */
async function loginProgram(folder: string, expiresAt = ""): Promise<string> {
  const path = `${folder}/login`;
  await Deno.writeTextFile(
    path,
    `#!/bin/sh
echo run >>"${folder}/runs"
printf '%s' "$KUBERNETES_EXEC_INFO" >"${folder}/info"
cat <<END
{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
 "status":{"token":"$(cat "${folder}/token")"${
      expiresAt && `,"expirationTimestamp":"${expiresAt}"`
    }}}
END
`,
    { mode: 0o755 },
  );
  return path;
}

const EXEC = {
  apiVersion: "client.authentication.k8s.io/v1",
  interactiveMode: "IfAvailable",
};

Deno.test({ name: "kubeconfigs", ignore }, async (t) => {
  await using cluster = await startCluster();
  const { adminEndpoint, folder } = cluster;
  const account = await cluster.endpointFor({
    namespace: "prod",
    name: "reader",
  });
  const token = await account.token?.() ?? "";
  const READER = "system:serviceaccount:prod:reader";
  const write = async (text: string, name = "config") => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  const at = (kubeconfig: string, environment = surroundings()) =>
    endpointLoader({ kubeconfig, context: undefined }, environment);
  const { certificate, key } = adminEndpoint.clientCertificate ??
    { certificate: "", key: "" };

  await t.step("a client certificate, in the file", async () => {
    const file = await write(config(cluster, {
      "client-certificate-data": base64(certificate),
      "client-key-data": base64(key),
    }));
    const endpoint = await at(file)();
    assert.equal(endpoint.namespace, "prod");
    assert.equal(await whoAmI(at(file)), "admin");
  });

  await t.step(
    "a client certificate and an authority in files beside it",
    async () => {
      await write(certificate, "admin.pem");
      await write(key, "admin.key");
      await write(adminEndpoint.caCertificates.join(""), "authority.pem");
      const file = await write(config(cluster, {
        "client-certificate": "admin.pem",
        "client-key": "admin.key",
      }, {
        "certificate-authority-data": undefined,
        "certificate-authority": "authority.pem",
      }));
      assert.equal(await whoAmI(at(file)), "admin");
    },
  );

  await t.step("a token, and acting as somebody else", async () => {
    const file = await write(config(cluster, { token }));
    assert.equal(await whoAmI(at(file)), READER);
    const acting = await write(config(cluster, {
      "client-certificate-data": base64(certificate),
      "client-key-data": base64(key),
      as: "jane",
    }));
    assert.equal(await whoAmI(at(acting)), "jane");
  });

  await t.step("a token file is read for every request", async () => {
    await write("not a token", "token");
    const file = await write(config(cluster, { tokenFile: "token" }));
    using transport = new ApiTransport(at(file));
    await assert.rejects(askName(transport), /401 .*not accepted/s);
    await write(`${token}\n`, "token");
    assert.equal(await askName(transport), READER);
  });

  await t.step("several files, merged, and a context by name", async () => {
    const first = await write(config(cluster, { token }), "first");
    const text = config(cluster, {
      "client-certificate-data": base64(certificate),
      "client-key-data": base64(key),
    }).replaceAll("name: c", "name: c2").replaceAll(
      "cluster: c\n",
      "cluster: c2\n",
    )
      .replaceAll("name: u", "name: u2").replaceAll("user: u\n", "user: u2\n")
      .replaceAll("name: x", "name: y");
    const second = await write(text, "second");
    const environment = surroundings({ KUBECONFIG: `${first}:${second}` });
    const load = (context?: string) =>
      endpointLoader({ kubeconfig: undefined, context }, environment);
    assert.equal(await whoAmI(load()), READER);
    assert.equal(await whoAmI(load("y")), "admin");
    await assert.rejects(load("z")(), /no context "z"; it has "x", "y"/);
  });

  await t.step(
    "a login program: run once, told who asks, again when it expires or is refused",
    async () => {
      const runs = async () =>
        (await Deno.readTextFile(`${folder}/runs`)).trim().split("\n").length;
      await loginProgram(folder, "1970-01-01T01:00:00Z");
      await write(token, "token");
      const environment = surroundings();
      const file = await write(config(cluster, {
        exec: { ...EXEC, command: "./login", provideClusterInfo: true },
      }));
      using transport = new ApiTransport(at(file, environment));
      assert.equal(await askName(transport), READER);
      assert.equal(await askName(transport), READER);
      assert.equal(await runs(), 1);
      const info = JSON.parse(await Deno.readTextFile(`${folder}/info`));
      assert.equal(info.kind, "ExecCredential");
      assert.equal(info.spec.cluster.server, adminEndpoint.server.origin);
      environment.nowMs = 3_590_000;
      assert.equal(await askName(transport), READER);
      assert.equal(await runs(), 2, "ten seconds before it expires");
      environment.nowMs = 0;
      await write("revoked", "token");
      using again = new ApiTransport(at(file, environment));
      await assert.rejects(askName(again), /401/);
      await write(token, "token");
      assert.equal(await askName(again), READER, "asked anew after a 401");
      assert.equal(await runs(), 4);
    },
  );

  await t.step(
    "a login program that is missing, fails or babbles is named with what it said",
    async () => {
      const load = async (exec: Record<string, unknown>) =>
        await at(
          await write(config(cluster, { exec: { ...EXEC, ...exec } })),
        )();
      await assert.rejects(
        load({ command: "no-such-login", installHint: "Get it from IT." }),
        (error) =>
          error instanceof WattkeeperError && error.code === "invalid_file" &&
          /no-such-login.* not there\. Get it from IT\./.test(error.message),
      );
      await assert.rejects(
        load({
          command: "sh",
          args: ["-c", "echo expired session >&2; exit 3"],
        }),
        /ended with 3: expired session/,
      );
      await assert.rejects(load({ command: "echo", args: ["hi"] }), /not JSON/);
      await assert.rejects(
        load({ command: "echo", args: ["{}"] }),
        /kubeconfig asks for "client.authentication.k8s.io\/v1"/,
      );
      await assert.rejects(
        load({ command: "true", interactiveMode: "Always" }),
        /wants a terminal/,
      );
    },
  );

  for (const start of [httpProxy, socksProxy]) {
    await using between = await start();
    await t.step(
      `through proxy-url: ${between.url.split(":")[0]}`,
      async () => {
        const file = await write(
          config(cluster, { token }, { "proxy-url": between.url }),
        );
        assert.equal(await whoAmI(at(file)), READER);
        assert.deepEqual(between.asked, [adminEndpoint.server.host]);
      },
    );
  }

  await t.step(
    "through $HTTPS_PROXY, as a process finds it; $NO_PROXY leaves servers out",
    async () => {
      await using between = await httpProxy();
      const file = await write(config(cluster, {
        "client-certificate-data": base64(certificate),
        "client-key-data": base64(key),
      }));
      const verify = async (proxy: string, noProxy: string) => {
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "-A", "--no-check", MAIN, "verify"],
            ...["--kubeconfig", file, "--output", "json"],
          ],
          env: {
            HTTPS_PROXY: proxy,
            NO_PROXY: noProxy,
            // Deno's own question whether it is the newest would go through the proxy too.
            DENO_NO_UPDATE_CHECK: "1",
          },
        }).output();
        const { checks } = JSON.parse(new TextDecoder().decode(stdout));
        return checks.find(({ check }: { check: string }) =>
          check === "api_server"
        )?.result;
      };
      assert.equal(await verify(between.url, ""), "pass");
      assert.equal(between.asked[0], adminEndpoint.server.host);
      await using unused = await httpProxy();
      assert.equal(await verify(unused.url, "127.0.0.1"), "pass");
      assert.deepEqual(unused.asked, []);
    },
  );

  await t.step("another cluster's authority: nothing is sent", async () => {
    await using other = await startCluster();
    const file = await write(config(cluster, { token }, {
      "certificate-authority-data": base64(
        other.adminEndpoint.caCertificates.join(""),
      ),
    }));
    await assert.rejects(whoAmI(at(file)), /did not answer .*certificate/);
  });

  await t.step(
    "what cannot be trusted or is not whole is refused by name",
    async () => {
      const refused = async (
        user: Record<string, unknown>,
        more: Record<string, unknown>,
        message: RegExp,
      ) => {
        const file = await write(config(cluster, user, more));
        await assert.rejects(at(file)(), message);
      };
      await refused(
        { token },
        { "insecure-skip-tls-verify": true },
        /proves nothing/,
      );
      await refused({ token }, { "tls-server-name": "a" }, /tls-server-name/);
      await refused(
        { token },
        { "proxy-url": "socks4://127.0.0.1:1" },
        /proxy-url "socks4:.*http, https and socks5 are supported/,
      );
      await refused(
        { token, as: "jane", "as-groups": ["a"], "as-uid": "1" },
        {},
        /as-uid, as-groups, which is not supported/,
      );
      await refused(
        { token },
        { "certificate-authority-data": "no base64!" },
        /certificate-authority-data is not base64/,
      );
      await refused({ token: 7 }, {}, /users\.0\.user\.token: /);
      for (const name of ["oidc", "gcp"]) {
        await refused(
          { token, "auth-provider": { name, config: { "id-token": token } } },
          {},
          new RegExp(`auth-provider "${name}".*through a program \\(exec\\)`),
        );
      }
      await refused({ username: "a", password: "b" }, {}, /password/);
      await refused(
        { "client-certificate-data": base64(certificate) },
        {},
        /not both/,
      );
      await refused({ token }, { server: "ftp://x" }, /not an https address/);
      await assert.rejects(at(await write("a: [b"))(), /cannot be read/);
      await assert.rejects(at(`${folder}/none`)(), /does not exist/);
      await assert.rejects(
        endpointLoader(
          { kubeconfig: undefined, context: undefined },
          surroundings({ HOME: folder }),
        )(),
        /no API server to talk to/,
      );
    },
  );

  await t.step("in the home folder, when nothing else says where", async () => {
    await Deno.mkdir(`${folder}/.kube`);
    await write(config(cluster, { token }), ".kube/config");
    const load = endpointLoader(
      { kubeconfig: undefined, context: undefined },
      surroundings({ HOME: folder }),
    );
    assert.equal(await whoAmI(load), READER);
  });
});
