import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createServer, type Socket } from "node:net";
import { peerCredentials } from "../../../../agent/gate/peer.ts";

/** Credentials of whoever `connect` makes connect, and the server's end of the connection. */
async function credentialsOf(connect: (path: string) => void) {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/s`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<{ socket: Socket; fd: number }>((resolve) =>
    server.once("connection", (socket) => {
      const handle: unknown = "_handle" in socket ? socket._handle : {};
      const fd = handle && typeof handle === "object" && "fd" in handle
        ? handle.fd
        : undefined;
      resolve({ socket, fd: typeof fd === "number" ? fd : -1 });
    })
  );
  connect(path);
  const { socket, fd } = await accepted;
  const peer = peerCredentials(fd);
  ok(peer);
  return {
    peer,
    async [Symbol.asyncDispose]() {
      peer.close();
      socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A program that connects, says so, and ends when its input does. */
const CONNECTOR = `
const connection = await Deno.connect({ transport: "unix", path: Deno.args[0] });
await Deno.stdin.read(new Uint8Array(1));
connection.close();
`;

Deno.test("the kernel names the process that connected, while it lives", async () => {
  const child = { running: undefined as Deno.ChildProcess | undefined };
  await using at = await credentialsOf((path) => {
    child.running = new Deno.Command(Deno.execPath(), {
      args: ["eval", CONNECTOR, path],
      stdin: "piped",
    }).spawn();
  });
  const { running } = child;
  ok(running);
  strictEqual(at.peer.pid, running.pid);
  const alive = at.peer.isAlive();
  ok(alive === true || alive === undefined, "undefined before Linux 6.5");
  await running.stdin.close();
  await running.status;
  ok(at.peer.isAlive() !== true);
});

Deno.test("no socket, no credentials", () => {
  deepStrictEqual(peerCredentials(-1), undefined);
});
