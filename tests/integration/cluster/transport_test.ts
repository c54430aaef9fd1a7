import { match, notStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { createServer, type TLSSocket } from "node:tls";
import { ApiError } from "../../../cluster/api_error.ts";
import { type Endpoint, inClusterEndpoint } from "../../../cluster/endpoint.ts";
import { ApiTransport } from "../../../cluster/transport.ts";
import { Authority } from "./certificates.ts";
import { ScriptedApiServer } from "./scripted_api_server.ts";

/** An endpoint at `server` with what a test adds. */
function at(server: URL, more: Partial<Endpoint> = {}): Endpoint {
  return { server, caCertificates: [], namespace: "default", ...more };
}

function transportTo(endpoint: Endpoint): ApiTransport {
  return new ApiTransport(() => Promise.resolve(endpoint));
}

/** Asserts that a request fails as an {@linkcode ApiError}. */
async function fails(
  sending: Promise<unknown>,
  kind: ApiError["kind"],
  message: RegExp,
): Promise<void> {
  await rejects(sending, (error) => {
    ok(error instanceof ApiError, String(error));
    strictEqual(error.kind, kind);
    match(error.message, message);
    return true;
  });
}

Deno.test("a pod's own credentials: authority, token that rotates, namespace", async () => {
  await using authority = await Authority.make();
  await using server = await ScriptedApiServer.start(
    await authority.sign("apiserver"),
  );
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/ca.crt`, await authority.certificate());
  await Deno.writeTextFile(`${folder}/namespace`, "power");
  await Deno.writeTextFile(`${folder}/token`, "first\n");
  const endpoint = await inClusterEndpoint({
    KUBERNETES_SERVICE_HOST: server.url.hostname,
    KUBERNETES_SERVICE_PORT: server.url.port,
  }, folder);
  ok(endpoint);
  strictEqual(endpoint.namespace, "power");
  using transport = transportTo(endpoint);
  for (const token of ["first", "second"]) {
    await Deno.writeTextFile(`${folder}/token`, `${token}\n`);
    const answering = server.next().then((exchange) => {
      strictEqual(exchange.header("authorization"), `Bearer ${token}`);
      exchange.answer(200, {});
    });
    await (await transport.send("/api")).body?.cancel();
    await answering;
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("outside a cluster there is no endpoint of the pod's own", async () => {
  strictEqual(await inClusterEndpoint({}), undefined);
});

Deno.test("a server that the authority did not sign gets no request", async () => {
  await using authority = await Authority.make();
  await using impostor = await Authority.make();
  await using server = await ScriptedApiServer.start(
    await impostor.sign("apiserver"),
  );
  using transport = transportTo(at(server.url, {
    caCertificates: [await authority.certificate()],
    token: () => Promise.resolve("secret"),
  }));
  await fails(transport.send("/api"), "unreachable", /certificate|issuer/i);
});

Deno.test("a client certificate is shown, and read anew after a break", async () => {
  await using authority = await Authority.make();
  const clientCa = await authority.certificate();
  await using server = await ScriptedApiServer.start({
    ...await authority.sign("apiserver"),
    clientCa,
  });
  let loads = 0;
  using transport = new ApiTransport(async () => {
    loads++;
    const { cert, key } = await authority.sign(`node-${loads}`);
    return at(server.url, {
      caCertificates: [clientCa],
      clientCertificate: { certificate: cert, key },
    });
  });
  for (const expectedLoads of [1, 2]) {
    const answering = server.next().then((exchange) =>
      exchange.answer(200, {})
    );
    await (await transport.send("/api")).body?.cancel();
    await answering;
    strictEqual(loads, expectedLoads);
    transport.discardConnections();
  }
});

Deno.test("no client certificate where one is wanted is no answer", async () => {
  await using authority = await Authority.make();
  const clientCa = await authority.certificate();
  await using server = await ScriptedApiServer.start({
    ...await authority.sign("apiserver"),
    clientCa,
  });
  using transport = transportTo(at(server.url, { caCertificates: [clientCa] }));
  await fails(transport.send("/api"), "unreachable", /./);
});

Deno.test("each request may have a connection of its own: HTTP/1.1, also where HTTP/2 is offered", async () => {
  await using authority = await Authority.make();
  const accepted = Promise.withResolvers<TLSSocket>();
  const server = createServer({
    ...await authority.sign("apiserver"),
    ALPNProtocols: ["h2", "http/1.1"],
  }, (socket) => {
    accepted.resolve(socket);
    socket.on("error", () => {});
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  ok(address !== null && typeof address === "object");
  using transport = transportTo(at(
    new URL(`https://127.0.0.1:${address.port}`),
    { caCertificates: [await authority.certificate()] },
  ));
  await transport.send("/api").then((response) => response.body?.cancel())
    .catch(() => {});
  const socket = await accepted.promise;
  notStrictEqual(socket.alpnProtocol, "h2");
  socket.destroy();
  server.close();
});

Deno.test("a redirect is not followed: the token is not for others", async () => {
  await using server = await ScriptedApiServer.start();
  using transport = transportTo(
    at(server.url, { token: () => Promise.resolve("secret") }),
  );
  const sending = transport.send("/api");
  (await server.next()).answer(302, "", { location: "/elsewhere" });
  await fails(sending, "status", /answered 302/);
});

Deno.test("a path of the server's address goes before the request's", async () => {
  await using server = await ScriptedApiServer.start();
  using transport = transportTo(at(new URL("/k8s/clusters/c-1/", server.url)));
  const sending = transport.send("/api/v1/pods?limit=1");
  const exchange = await server.next();
  strictEqual(
    exchange.url.pathname + exchange.url.search,
    "/k8s/clusters/c-1/api/v1/pods?limit=1",
  );
  exchange.answer(200, {});
  await (await sending).body?.cancel();
});

Deno.test("an error says what was asked, what came, and what the server says", async () => {
  await using server = await ScriptedApiServer.start();
  using transport = transportTo(at(server.url));
  const sending = transport.send("/api/v1/pods?fieldSelector=x");
  (await server.next()).answer(404, { message: "pods are not here" });
  await fails(
    sending,
    "gone",
    /answered 404 to \/api\/v1\/pods\. It says: "pods are not here"\.$/,
  );
});

Deno.test("an error page of any size is no harm", async () => {
  await using server = await ScriptedApiServer.start();
  using transport = transportTo(at(server.url));
  const sending = transport.send("/api");
  (await server.next()).answer(500, "<html>".repeat(100_000));
  await fails(sending, "status", /answered 500 to \/api\.$/);
});

Deno.test("credentials that cannot be read are named, and tried again", async () => {
  await using server = await ScriptedApiServer.start();
  let broken = true;
  using transport = new ApiTransport(() =>
    broken
      ? Promise.reject(new Error('The token file "t" is empty.'))
      : Promise.resolve(at(server.url))
  );
  await fails(transport.send("/api"), "unreachable", /"t" is empty/);
  broken = false;
  const sending = transport.send("/api");
  (await server.next()).answer(200, {});
  await (await sending).body?.cancel();
});
