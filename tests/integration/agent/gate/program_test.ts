import { deepStrictEqual, match, strictEqual } from "node:assert";
import { ProcessTable } from "../../../../agent/identity/mod.ts";
import { NO_GRANT, OPEN } from "./fake_ledger.ts";
import { outcomeOf, RealGate } from "./gate_process.ts";

Deno.test("the gate becomes the command: PID, arguments, environment, exit code", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  gate.ledger.decide(OPEN);
  const child = gate.spawn({
    command: ["sh", "-c", 'echo "$$|$1|$FLAVOUR"; exit 7', "sh", "a  b'ü\"*"],
    env: { FLAVOUR: "plain" },
  });
  const { code, stdout, stderr } = await outcomeOf(child);
  strictEqual(stdout, `${child.pid}|a  b'ü"*|plain\n`);
  strictEqual(code, 7);
  match(stderr, /Starting under.*300/);
});

Deno.test("the command has no signal ignored or blocked, and no descriptor that is not its own", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  gate.ledger.decide(OPEN);
  const look = "grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/$$/fd";
  const direct = await outcomeOf(
    new Deno.Command("/bin/sh", {
      args: ["-c", look],
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  const { stdout } = await outcomeOf(
    gate.spawn({ command: ["/bin/sh", "-c", look] }),
  );
  strictEqual(portable(stdout), portable(direct.stdout));
  match(portable(stdout), /SigIgn:\t0\n/);
});

/** Without signals 32 and up, which the C library keeps for itself. */
function portable(look: string): string {
  return look.replace(
    /^(Sig\w+:\t)([0-9a-f]+)$/gm,
    (_, name, mask) => name + (BigInt(`0x${mask}`) & 0x7fff_ffffn).toString(16),
  );
}

Deno.test("a signal to the command is the command's", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  gate.ledger.decide(OPEN);
  const child = gate.spawn({ command: ["sh", "-c", "echo up; exec sleep 60"] });
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGTERM");
  const status = await child.status;
  strictEqual(status.signal, "SIGTERM");
  await reader.cancel();
  await child.stderr.cancel();
});

Deno.test("the command does not run before the grant, and runs with it", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  gate.ledger.decide(NO_GRANT);
  const child = gate.spawn({ command: ["echo", "started"] });
  await gate.ledger.until(() => gate.ledger.asked.length > 0);
  strictEqual(gate.ledger.asked[0]?.pid, child.pid, "the kernel's word");
  gate.ledger.decide(OPEN);
  const { stdout, stderr } = await outcomeOf(child);
  strictEqual(stdout, "started\n");
  match(stderr, /no_grant.*has not granted this pod/);
});

Deno.test("an agent that restarts while a gate waits lets it through afterwards", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  const child = gate.spawn({ command: ["echo", "started"] });
  await gate.ledger.until(() => gate.ledger.present.length > 0);
  await gate.stopAgent();
  await gate.ledger.until(() => gate.ledger.present.length === 0);
  gate.ledger.decide(OPEN);
  await gate.startAgent();
  strictEqual((await outcomeOf(child)).stdout, "started\n");
});

Deno.test("a container that is stopped while it waits ends with 143, and the command never ran", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  const child = gate.spawn({ command: ["echo", "started"] });
  await gate.ledger.until(() => gate.ledger.asked.length > 0);
  child.kill("SIGTERM");
  const { code, stdout } = await outcomeOf(child);
  strictEqual(code, 143);
  strictEqual(stdout, "");
});

Deno.test("a process that is in no pod is not let through, whatever the ledger says", async () => {
  await using gate = new RealGate(
    new ProcessTable(
      "/proc",
      (path) =>
        path.endsWith("/cgroup")
          ? "0::/user.slice\n"
          : Deno.readTextFileSync(path),
    ),
  );
  await gate.startAgent();
  gate.ledger.decide(OPEN);
  const child = gate.spawn({ command: ["echo", "started"] });
  const reader = child.stderr.getReader();
  const { value } = await reader.read();
  match(new TextDecoder().decode(value), /is in no pod/);
  child.kill("SIGTERM");
  await reader.cancel();
  strictEqual(await new Response(child.stdout).text(), "");
  strictEqual((await child.status).code, 143);
  deepStrictEqual(gate.ledger.asked, []);
});

const unable: [string, readonly string[], number, RegExp][] = [
  [
    "a program that does not exist",
    ["no-such-program"],
    127,
    /no program .*no-such/,
  ],
  ["a path that does not exist", ["/no/such"], 127, /no program/],
  ["a file that is not executable", ["/etc/passwd"], 126, /not an executable/],
  ["a folder", ["/tmp"], 126, /not an executable/],
];
for (const [what, command, exitCode, message] of unable) {
  Deno.test(`${what} is ${exitCode}, said before any wait`, async () => {
    await using gate = new RealGate();
    const { code, stderr } = await outcomeOf(gate.spawn({ command }));
    strictEqual(code, exitCode);
    match(stderr, message);
  });
}

Deno.test("a script whose interpreter is missing is 127 when it is run", async () => {
  await using gate = new RealGate();
  await gate.startAgent();
  gate.ledger.decide(OPEN);
  const script = await Deno.makeTempFile();
  await Deno.writeTextFile(script, "#!/no/such/interpreter\n");
  await Deno.chmod(script, 0o755);
  const { code } = await outcomeOf(gate.spawn({ command: [script] }));
  strictEqual(code, 127);
  await Deno.remove(script);
});

Deno.test("without an agent: fail is 1, run runs and says that no cap holds", async () => {
  await using gate = new RealGate();
  const flags = (what: string) => [
    ...["--on-agent-missing", what],
    ...["--agent-missing-after", "0"],
  ];
  const failed = await outcomeOf(
    gate.spawn({ flags: flags("fail"), command: ["echo", "started"] }),
  );
  strictEqual(failed.code, 1);
  strictEqual(failed.stdout, "");
  match(failed.stderr, /No agent answers/);
  const ran = await outcomeOf(
    gate.spawn({ flags: flags("run"), command: ["echo", "started"] }),
  );
  strictEqual(ran.stdout, "started\n");
  match(ran.stderr, /Starting without a cap/);
});

Deno.test("a gate without a command is wrong usage", async () => {
  await using gate = new RealGate();
  const { code } = await outcomeOf(gate.spawn({ command: [] }));
  strictEqual(code, 2);
});
