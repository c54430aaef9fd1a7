/** The `agent` command as a person and a kubelet run it: real process, fake library, no cluster. @module */

import assert from "node:assert/strict";
import {
  CC_NOTE,
  type FakeGeneration,
  FakeNvml,
  HAS_CC,
} from "../../nvml_fake/fake.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/** A folder, a library, and the command over them. */
class Node implements AsyncDisposable {
  private constructor(readonly fake: FakeNvml, readonly folder: string) {}

  static async create(
    gpus = 2,
    generation: FakeGeneration = "current",
  ): Promise<Node> {
    const folder = await Deno.makeTempDir({ prefix: "agent-command-" });
    return new Node(await FakeNvml.create(gpus, generation), folder);
  }

  command(...flags: string[]): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", MAIN, "agent"],
        ...["--node-name", "n1", "--safe-default-watts", "500"],
        ...["--kubeconfig", "none", "--pod-resources-socket", "none"],
        ...["--log-format", "json"],
        ...(flags.includes("--state-dir")
          ? []
          : ["--state-dir", `${this.folder}/state`]),
        ...(flags.includes("--nvml-library")
          ? []
          : ["--nvml-library", this.fake.library]),
        ...flags,
      ],
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** Without node name and safe default. */
  async runBare(flags: readonly string[], env: Record<string, string>) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", MAIN, "agent", ...flags],
        ...["--kubeconfig", "none", "--pod-resources-socket", "none"],
        ...["--state-dir", `${this.folder}/state`],
        ...["--nvml-library", this.fake.library],
      ],
      env: { NO_COLOR: "1", ...env },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  async run(...flags: string[]): Promise<
    { code: number; stdout: string; stderr: string }
  > {
    const { code, stdout, stderr } = await this.command(...flags).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fake[Symbol.dispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function spec(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `agent ${name}${CC_NOTE}`, ignore: !HAS_CC, fn });
}

/** Starts the service and waits until it says where it serves. */
async function serving(
  node: Node,
  ...flags: string[]
): Promise<{ child: Deno.ChildProcess; url: string; log: () => string }> {
  const child = node.command(
    ...["--listen", "127.0.0.1:0", "--gate-socket", "none", ...flags],
  ).spawn();
  let log = "";
  const found = Promise.withResolvers<string>();
  (async () => {
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      log += text;
      const port = /"port":(\d+)/.exec(log)?.[1];
      if (port) found.resolve(`http://127.0.0.1:${port}`);
    }
    found.reject(new Error(log));
  })();
  child.stdout.cancel();
  return { child, url: await found.promise, log: () => log };
}

/** Asks until the answer pleases; there is no other way to see a process pass by pass. */
async function eventually(
  url: string,
  pleases: (text: string, status: number) => boolean,
): Promise<string> {
  for (;;) {
    const response = await fetch(url);
    const text = await response.text();
    if (pleases(text, response.status)) return text;
  }
}

spec("--once shows each GPU and exits 0", async () => {
  await using node = await Node.create();
  const { code, stdout, stderr } = await node.run("--once", "--output", "json");
  assert.equal(code, 0, stderr);
  const status = JSON.parse(stdout);
  assert.equal(status.gpus.length, 2);
  assert.equal(status.gpus[1].limit_watts, 700);
  assert.equal(status.driver_version, "570.124.06");
});

spec("--prearm --once arms, --release-all --once gives back", async () => {
  await using node = await Node.create();
  assert.equal((await node.run("--prearm", "--once")).code, 0);
  assert.deepEqual([0, 1].map((i) => node.fake.limitWatts(i)), [500, 500]);
  assert.equal((await node.run("--release-all", "--once")).code, 0);
  assert.deepEqual([0, 1].map((i) => node.fake.limitWatts(i)), [700, 700]);
});

spec(
  "--release-all as a service gives back, goes on reporting, and arms nothing again",
  async () => {
    await using node = await Node.create();
    assert.equal((await node.run("--prearm", "--once")).code, 0);
    const { child, url } = await serving(node, "--release-all", "--prearm");
    await eventually(
      `${url}/status`,
      (text) => JSON.parse(text).gpus[0]?.state === "unmanaged",
    );
    assert.deepEqual([0, 1].map((i) => node.fake.limitWatts(i)), [700, 700]);
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    assert.deepEqual([0, 1].map((i) => node.fake.limitWatts(i)), [700, 700]);
  },
);

spec("--startup-taint without a cluster exits 2", async () => {
  await using node = await Node.create();
  const { code, stderr } = await node.run("--startup-taint", "a/b");
  assert.equal(code, 2);
  assert.match(stderr, /--startup-taint/);
});

spec("--dry-run sets nothing", async () => {
  await using node = await Node.create();
  await node.run("--prearm", "--once", "--dry-run");
  assert.deepEqual(node.fake.sets(0), []);
});

spec("without NVML exits 1 and names every path", async () => {
  await using node = await Node.create();
  const missing = `${node.folder}/libnvidia-ml.so.1`;
  const { code, stderr } = await node.run("--once", "--nvml-library", missing);
  assert.equal(code, 1);
  assert.ok(stderr.includes(missing));
  assert.match(stderr, /--nvml simulated/);
});

spec("without a safe default exits 2", async () => {
  await using node = await Node.create();
  const { code, stderr } = await node.run(
    "--once",
    "--safe-default-watts",
    "0",
  );
  assert.equal(code, 2);
  assert.match(stderr, /--safe-default-watts/);
});

spec("--nvml koffi does the same", async () => {
  await using node = await Node.create();
  const { code, stderr } = await node.run(
    "--prearm",
    "--once",
    "--nvml",
    "koffi",
  );
  assert.equal(code, 0, stderr);
  assert.equal(node.fake.limitWatts(0), 500);
});

spec("--self-check says what works and what to change", async () => {
  await using node = await Node.create();
  node.fake.set(1, "persistence", 0);
  const gate = ["--gate-socket", `${node.folder}/gate.sock`];
  const { code, stdout } = await node.run("--self-check", ...gate);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /gate +pass/);
  assert.match(stdout, /GPU 0 +pass/);
  assert.match(stdout, /GPU 1 +warn .*persistence mode is off/);
});

spec("--self-check names what is missing and exits 1", async () => {
  await using node = await Node.create();
  const missing = `${node.folder}/no`;
  const { code, stdout } = await node.run(
    "--self-check",
    ...["--nvml-library", `${missing}/lib.so`, "--proc-root", missing],
    ...["--gate-socket", `${missing}/gate.sock`],
  );
  assert.equal(code, 1);
  assert.match(stdout, /NVML library +fail .*no\/lib\.so/);
  assert.match(stdout, /processes +fail /);
  assert.match(stdout, /gate +fail /);
});

spec(
  "a library without optional symbols works, and --self-check says what is lost",
  async () => {
    await using node = await Node.create(1, "old");
    const gate = ["--gate-socket", `${node.folder}/gate.sock`];
    const { code, stdout } = await node.run("--self-check", ...gate);
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      /nvmlDeviceGetCurrentClocksEventReasons +warn +not in this library/,
    );
    assert.equal((await node.run("--prearm", "--once")).code, 0);
    assert.equal(node.fake.limitWatts(0), 500);
  },
);

spec(
  "a state directory that cannot be written exits 1 and names the flag",
  async () => {
    await using node = await Node.create();
    const file = `${node.folder}/file`;
    await Deno.writeTextFile(file, "");
    const { code, stderr } = await node.run(
      "--once",
      "--state-dir",
      `${file}/x`,
    );
    assert.equal(code, 1);
    assert.match(stderr, /--state-dir/);
    assert.deepEqual(node.fake.sets(0), []);
  },
);

spec("a damaged record is kept aside and the caps stand", async () => {
  await using node = await Node.create();
  assert.equal((await node.run("--prearm", "--once")).code, 0);
  const state = `${node.folder}/state`;
  for (const name of ["state.json", "state.json.previous"]) {
    await Deno.writeTextFile(`${state}/${name}`, "damaged");
  }
  const { stderr } = await node.run("--prearm", "--once");
  assert.match(stderr, /record is damaged/);
  const kept = await Deno.readTextFile(`${state}/state.json.quarantine-1`);
  assert.equal(kept, "damaged");
  assert.equal(node.fake.limitWatts(0), 500);
});

spec(
  "the safe default and the node's name may come from the environment",
  async () => {
    await using node = await Node.create();
    const { code, stdout, stderr } = await node.runBare(
      ["--prearm", "--once", "--output", "json"],
      { SAFE_DEFAULT_WATTS: "450", NODE_NAME: "from-environment" },
    );
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).node, "from-environment");
    assert.equal(node.fake.limitWatts(0), 450);
    for (const wrong of ["", "0", "-5", "many", "1e9"]) {
      const { code } = await node.runBare(["--once"], {
        SAFE_DEFAULT_WATTS: wrong,
        NODE_NAME: "n",
      });
      assert.equal(code, 2, `SAFE_DEFAULT_WATTS="${wrong}"`);
    }
  },
);

spec("runs once per node: the second refuses", async () => {
  await using node = await Node.create();
  const { child } = await serving(node);
  const second = await node.run("--once");
  child.kill("SIGTERM");
  await child.status;
  assert.equal(second.code, 2);
  assert.match(second.stderr, /one agent per node/);
});

spec("refuses to run beside the reference agent", async () => {
  await using node = await Node.create();
  const proc = `${node.folder}/proc`;
  await Deno.mkdir(`${proc}/77`, { recursive: true });
  await Deno.writeTextFile(
    `${proc}/77/cmdline`,
    "/usr/bin/python3\0/app/power_agent.py\0--safe-default-watts=500\0",
  );
  const { code, stderr } = await node.run("--once", "--proc-root", proc);
  assert.equal(code, 2);
  assert.match(stderr, /PID 77/);
});

spec("serves metrics, health, readiness and status", async () => {
  await using node = await Node.create();
  const { child, url } = await serving(node, "--prearm");
  const ready = await eventually(
    `${url}/readyz`,
    (_, status) => status === 200,
  );
  assert.match(ready, /^ok last_good_cycle_age_s=\d+\.\d\n$/);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(
    metrics,
    /dynamo_power_agent_applied_limit_watts\{gpu="0",uuid="GPU-[^"]+"\} 500\n/,
  );
  assert.match(metrics, /dynamo_power_agent_apply_failures_total 0\n/);
  assert.equal(await (await fetch(`${url}/healthz`)).text(), "ok\n");
  const other = await fetch(`${url}/other`);
  assert.deepEqual([other.status, await other.text()], [404, ""]);
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0);
});

spec("readiness names the GPU and the reason, and recovers", async () => {
  await using node = await Node.create();
  const { child, url } = await serving(node, "--prearm");
  await eventually(`${url}/readyz`, (_, status) => status === 200);
  node.fake.fail(1, "set_limit", 4);
  node.fake.setLimitWatts(1, 700);
  const trouble = await eventually(
    `${url}/readyz`,
    (_, status) => status === 503,
  );
  assert.match(trouble, /GPU 1 \(GPU-00000001.*NVML_ERROR_NO_PERMISSION/);
  node.fake.heal(1, "set_limit");
  await eventually(`${url}/readyz`, (_, status) => status === 200);
  assert.equal(node.fake.limitWatts(1), 500);
  child.kill("SIGTERM");
  await child.status;
});

spec("a hung GPU leaves readiness and the other GPUs alive", async () => {
  await using node = await Node.create();
  const { child, url } = await serving(node, "--prearm");
  await eventually(`${url}/readyz`, (_, status) => status === 200);
  node.fake.hang(0, "get_limit");
  const trouble = await eventually(
    `${url}/readyz`,
    (_, status) => status === 503,
  );
  assert.match(trouble, /GPU 0 .*AGENT_(DEADLINE_EXCEEDED|CALL_OUTSTANDING)/);
  node.fake.setLimitWatts(1, 650);
  await eventually(
    `${url}/status`,
    (text) => JSON.parse(text).gpus[1].management_watts === 500,
  );
  node.fake.unhang(0, "get_limit");
  await eventually(`${url}/readyz`, (_, status) => status === 200);
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0);
});

spec("SIGTERM in the middle of a write finishes the write", async () => {
  await using node = await Node.create();
  node.fake.delay(0, "set_limit", 300);
  const { child } = await serving(node, "--prearm");
  while (node.fake.calls(0, "set_limit") === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 0);
  assert.equal(node.fake.limitWatts(0), 500);
  const state = await Deno.readTextFile(`${node.folder}/state/state.json`);
  assert.match(state, /"cause":"prearm"/);
  assert.doesNotMatch(state, /"intent"/);
});

spec(
  "a second SIGTERM ends it at once, and the next start picks up",
  async () => {
    await using node = await Node.create();
    const { child } = await serving(node, "--prearm");
    node.fake.hang(0, "set_limit");
    node.fake.setLimitWatts(0, 690);
    while (node.fake.calls(0, "set_limit") < 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    child.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGTERM");
    await child.status;
    node.fake.unhang(0, "set_limit");
    assert.equal((await node.run("--prearm", "--once")).code, 0);
    assert.equal(node.fake.limitWatts(0), 500);
  },
);

spec("--on-shutdown restore gives everything back, keep keeps", async () => {
  await using node = await Node.create();
  for (const [mode, watts] of [["keep", 500], ["restore", 700]] as const) {
    const { child, url } = await serving(
      node,
      "--prearm",
      "--on-shutdown",
      mode,
    );
    await eventually(`${url}/readyz`, (_, status) => status === 200);
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    assert.equal(node.fake.limitWatts(0), watts, mode);
  }
});

spec("needs no more permissions than the binary has baked in", async () => {
  await using node = await Node.create();
  const proc = `${node.folder}/proc`;
  await Deno.mkdir(`${proc}/sys/kernel/random`, { recursive: true });
  await Deno.writeTextFile(`${proc}/sys/kernel/random/boot_id`, "boot\n");
  await Deno.writeTextFile(`${proc}/uptime`, "100.0 100.0\n");
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--quiet", "--no-check"],
      `--allow-read=${proc},${node.folder}/state,${node.fake.folder}`,
      `--allow-write=${node.folder}/state`,
      `--allow-ffi=${node.fake.library}`,
      ...["--allow-net", "--allow-env", MAIN, "agent", "--prearm", "--once"],
      ...["--node-name", "n1", "--safe-default-watts", "500"],
      ...["--kubeconfig", "none", "--pod-resources-socket", "none"],
      ...["--proc-root", proc, "--state-dir", `${node.folder}/state`],
      ...["--nvml-library", node.fake.library],
    ],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(node.fake.limitWatts(0), 500);
});
