/**
 * A whole node under the permissions and V8 flags that the binary has baked in: API server, kubelet over gRPC, NVML,
 * the agent and a gate as processes of their own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { V8_FLAGS } from "../../../agent/compile.ts";
import {
  type AgentPlaces,
  BINARY_PLACES,
  permissionFlags,
} from "../../../agent/permissions.ts";
import { CC_NOTE, FakeNvml, HAS_CC } from "../../nvml_fake/fake.ts";
import { podCgroup } from "../../unit/agent/identity/fake_proc.ts";
import { outcomeOf } from "./gate/gate_process.ts";
import { Kubelet, podWith } from "./identity/kubelet.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const UID = "cafe0001-dead-4002-beef-000000000001";
const GPU0 = "GPU-00000000-aaaa-bbbb-cccc-dddddddddddd";

const POD = {
  metadata: {
    namespace: "ns",
    name: "worker-0",
    uid: UID,
    resourceVersion: "5",
    annotations: {
      "dynamo.nvidia.com/gpu-power-limit": "300",
      "wattkeeper.dev/power-grant": `v1 ${UID} 1.1 300 300`,
    },
  },
  spec: {
    nodeName: "n1",
    containers: [{
      name: "main",
      command: ["/gate/wattkeeper-agent", "gate", "--", "echo"],
      resources: { limits: { "nvidia.com/gpu": "1" } },
    }],
  },
  status: { phase: "Running" },
};

/** Answers LIST with one pod, and holds watches open. */
function apiServer(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) =>
      new URL(request.url).searchParams.has("watch")
        ? new Response(new ReadableStream({ start() {} }))
        : Response.json({
          kind: "PodList",
          metadata: { resourceVersion: "5" },
          items: [POD],
        }),
  );
}

/** The folders of a node, below one of the test's. */
class Folders implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "binary-node-" });
  readonly places: AgentPlaces;

  constructor(fake: FakeNvml, kubelet: Kubelet) {
    const { root } = this;
    this.places = {
      procRoot: `${root}/proc`,
      stateDir: `${root}/state`,
      podResourcesDir: kubelet.socket.slice(0, kubelet.socket.lastIndexOf("/")),
      gateDir: `${root}/run`,
      secretsDir: `${root}/secrets`,
      referenceDir: `${root}/reference`,
      libraries: [fake.library],
    };
    for (const folder of ["proc/sys/kernel/random", "run", "secrets"]) {
      Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
    }
    Deno.writeTextFileSync(`${root}/proc/sys/kernel/random/boot_id`, "boot\n");
    Deno.writeTextFileSync(`${root}/proc/uptime`, "100000.00 1.00\n");
  }

  /** A process of the pod, as the host's `/proc` shows it. */
  showProcess(pid: number): void {
    const folder = `${this.root}/proc/${pid}`;
    Deno.mkdirSync(`${folder}.new`);
    Deno.writeTextFileSync(`${folder}.new/cgroup`, podCgroup(UID));
    Deno.writeTextFileSync(
      `${folder}.new/stat`,
      `${pid} (gate) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0\n`,
    );
    Deno.renameSync(`${folder}.new`, folder);
  }

  kubeconfig(port: number): string {
    const path = `${this.root}/secrets/kubeconfig`;
    Deno.writeTextFileSync(
      path,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
        clusters: [{
          name: "k",
          cluster: { server: `http://127.0.0.1:${port}` },
        }],
        users: [{ name: "u", user: { token: "t" } }],
      }),
    );
    return path;
  }

  /** Starts a command of the program with the binary's rights. */
  spawn(...words: readonly string[]): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--quiet", "--no-check", V8_FLAGS],
        ...[...permissionFlags(this.places), MAIN, ...words],
      ],
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

Deno.test({
  name:
    `agent and gate need no more than the binary has: a worker starts under its grant${CC_NOTE}`,
  ignore: !HAS_CC,
  async fn() {
    using fake = await FakeNvml.create(2);
    await using kubelet = await Kubelet.start();
    kubelet.answer = {
      kind: "reply",
      message: podWith("ns", "worker-0", "nvidia.com/gpu", [GPU0]),
    };
    using folders = new Folders(fake, kubelet);
    const { places } = folders;
    const api = apiServer();
    const socket = `${places.gateDir}/gate.sock`;
    const agent = folders.spawn(
      ...["agent", "--node-name", "n1", "--safe-default-watts", "500"],
      ...["--kubeconfig", folders.kubeconfig(api.addr.port)],
      ...["--nvml-library", fake.library, "--proc-root", places.procRoot],
      ...["--state-dir", places.stateDir, "--gate-socket", socket],
      ...["--pod-resources-socket", kubelet.socket],
      ...["--listen", "127.0.0.1:0", "--log-format", "json"],
    );
    const ended = outcomeOf(agent);
    const gate = folders.spawn(
      ...["gate", "--socket", socket, "--", "sh", "-c", "echo $$; exit 7"],
    );
    folders.showProcess(gate.pid);
    const worker = await outcomeOf(gate);
    agent.kill("SIGTERM");
    const { code, stderr } = await ended;
    assert.equal(worker.stdout, `${gate.pid}\n`, worker.stderr + stderr);
    assert.equal(worker.code, 7);
    assert.match(worker.stderr, /Starting under .*300/);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /memory that only the start needed is kept/);
    assert.equal(fake.limitWatts(0), 300);
    assert.deepEqual(fake.sets(1), []);
    const report = await Deno.readTextFile(`${places.stateDir}/report.json`);
    assert.match(report, /"appliedGeneration":"1.1"/);
    assert.match(report, /"gate":"open"/);
    await api.shutdown();
  },
});

Deno.test({
  name:
    `a path outside the binary's scope ends with the exact command${CC_NOTE}`,
  ignore: !HAS_CC,
  async fn() {
    using fake = await FakeNvml.create(1);
    await using kubelet = await Kubelet.start();
    using folders = new Folders(fake, kubelet);
    const words = [
      ...["agent", "--node-name", "n 1", "--safe-default-watts", "500"],
      ...["--state-dir", "/data/wattkeeper", "--kubeconfig", "none"],
      ...["--proc-root", folders.places.procRoot, "--once"],
      ...["--pod-resources-socket", "none", "--nvml-library", fake.library],
    ];
    const { code, stderr } = await outcomeOf(folders.spawn(...words));
    assert.equal(code, 2);
    assert.match(stderr, /may not reach --state-dir \/data\/wattkeeper:/);
    const command = /run the sources: (deno run .*)$/m.exec(stderr)?.[1] ?? "";
    assert.match(command, /--allow-write=\/data\/wattkeeper,/);
    assert.ok(
      command.endsWith(
        words.join(" ").replace("n 1", "'n 1'"),
      ),
      command,
    );
  },
});

Deno.test("the binary's permissions name every folder it works with, and no program", () => {
  const flags = permissionFlags(BINARY_PLACES);
  assert.ok(!flags.some((flag) => /allow-(run|all|sys)/.test(flag)));
  const write = flags.find((flag) => flag.startsWith("--allow-write="));
  assert.equal(
    write,
    "--allow-write=/var/lib/wattkeeper,/run/wattkeeper,/var/lib/kubelet/pod-resources,/gate",
  );
});
