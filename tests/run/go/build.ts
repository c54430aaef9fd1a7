/**
 * Builds a program of a Go module that lies beside this file, with caches of its own that are gone afterwards.
 * `deno run -A tests/run/go/build.ts kube_apiserver FILE`
 * @module
 */

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findGo } from "./find_go.ts";

/** A program, by the folder of its module. */
interface GoProgram {
  readonly package: string;
  /** Values that the program's own build would set. */
  readonly variables: Readonly<Record<string, string>>;
}

const PROGRAMS: Readonly<Record<string, GoProgram>> = {
  kube_apiserver: {
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    variables: {
      "k8s.io/component-base/version.gitVersion": "v1.34.4",
      "k8s.io/component-base/version.gitMajor": "1",
      "k8s.io/component-base/version.gitMinor": "34",
    },
  },
  kustomize: {
    package: "sigs.k8s.io/kustomize/kustomize/v5",
    variables: { "sigs.k8s.io/kustomize/api/provenance.version": "v5.7.1" },
  },
};

if (import.meta.main) {
  const [name = "", output = ""] = Deno.args;
  const program = PROGRAMS[name];
  if (program === undefined || output === "") {
    console.error(`Usage: build.ts ${Object.keys(PROGRAMS).join("|")} FILE`);
    Deno.exit(2);
  }
  Deno.exit(await build(name, program, resolve(output)));
}

/** @returns the compiler's exit code */
async function build(
  name: string,
  program: GoProgram,
  output: string,
): Promise<number> {
  const folder = dirname(output);
  const go = await findGo(`${dirname(folder)}/go`);
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir({ dir: folder, prefix: "build-" });
  try {
    const { code } = await new Deno.Command(go, {
      args: [
        "build",
        "-trimpath",
        "-buildvcs=false",
        `-ldflags=-s -w ${
          Object.entries(program.variables).map(([key, value]) =>
            `-X ${key}=${value}`
          ).join(" ")
        }`,
        `-o=${work}/program`,
        program.package,
      ],
      cwd: fileURLToPath(new URL(name, import.meta.url)),
      env: {
        CGO_ENABLED: "0",
        GOFLAGS: "-mod=readonly -modcacherw",
        GOTOOLCHAIN: "local",
        GOWORK: "off",
        GOPATH: `${work}/modules`,
        GOCACHE: `${work}/objects`,
        GOTMPDIR: work,
      },
    }).spawn().status;
    if (code === 0) await Deno.rename(`${work}/program`, output);
    return code;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
