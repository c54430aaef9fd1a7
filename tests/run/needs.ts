/** Everything that some test needs beyond Deno. @module */

import type { Need, NeedPlace, NeedSetUp } from "./need.ts";

/** Version of the peer; its environment in the cache is named after it. */
const PEER = "aiconfigurator==0.12.0";

/** Versions of the programs that are built here; their folders in the cache are named after them. */
const KUBE_APISERVER = "kube-apiserver-1.34.4";
const KUSTOMIZE = "kustomize-5.7.1";

/** A program of `kubebuilder`'s assets, where the machine's owner names their folder. */
function asset(name: string, { kubebuilderAssets }: NeedPlace): string[] {
  return kubebuilderAssets ? [`${kubebuilderAssets}/${name}`] : [];
}

/** Builds a program of `tests/run/go` into the cache: Go modules and a compiler are fetched, none of it stays. */
function builtFromGo(
  module: string,
  { folder, program }: { folder: string; program: string },
): NeedSetUp {
  return {
    debian: {
      packages: ["python3", "python3-venv"],
      without: [
        "sh",
        "-c",
        "command -v go || test -x /usr/local/go/bin/go || python3 -c 'import ensurepip, venv'",
      ],
    },
    fresh: ({ cache }) => `${cache}/${folder}`,
    commands: ({ cache, root }) => [
      [
        Deno.execPath(),
        "run",
        "--quiet",
        "--allow-all",
        `${root}/tests/run/go/build.ts`,
        module,
        `${cache}/${folder}/${program}`,
      ],
    ],
  };
}

/** The list; a new need is a new entry here. */
export const NEEDS: readonly Need[] = [
  {
    name: "peer",
    title: `a Python with the peer (${PEER})`,
    variable: "WATTKEEPER_PEER_PYTHON",
    candidates: ({ cache }) => [`${cache}/${PEER}/bin/python`],
    probe: (python) => [python, "-c", "import aiconfigurator_core.sdk.engine"],
    setUp: {
      debian: {
        packages: ["python3", "python3-venv"],
        without: ["python3", "-c", "import ensurepip, venv"],
      },
      fresh: ({ cache }) => `${cache}/${PEER}`,
      commands: ({ cache }) => [
        ["python3", "-m", "venv", `${cache}/${PEER}`],
        [
          `${cache}/${PEER}/bin/python`,
          "-m",
          "pip",
          "install",
          "--quiet",
          "--disable-pip-version-check",
          PEER,
        ],
      ],
    },
  },
  {
    name: "c-compiler",
    title: "a C compiler",
    variable: "WATTKEEPER_CC",
    candidates: () => ["cc", "gcc", "clang"],
    probe: (cc) => [cc, "-print-search-dirs"],
    setUp: {
      debian: {
        packages: ["gcc", "libc6-dev"],
        without: ["cc", "-print-search-dirs"],
      },
      commands: () => [],
    },
  },
  {
    name: "prometheus",
    title: "a Prometheus server",
    variable: "WATTKEEPER_PROMETHEUS",
    candidates: () => ["prometheus", "/usr/bin/prometheus"],
    probe: (prometheus) => [prometheus, "--version"],
    setUp: {
      debian: {
        packages: ["prometheus"],
        without: ["prometheus", "--version"],
      },
      commands: () => [],
    },
  },
  {
    name: "etcd",
    title: "an etcd server",
    variable: "WATTKEEPER_ETCD",
    candidates: (place) => [...asset("etcd", place), "etcd", "/usr/bin/etcd"],
    probe: (etcd) => [etcd, "--version"],
    setUp: {
      debian: { packages: ["etcd-server"], without: ["etcd", "--version"] },
      commands: () => [],
    },
  },
  {
    name: "chromium",
    title: "a Chromium browser",
    variable: "WATTKEEPER_CHROMIUM",
    candidates: () => ["/usr/bin/chromium", "/usr/bin/chromium-browser"],
    probe: (chromium) => [chromium, "--version"],
    setUp: {
      debian: {
        packages: ["chromium", "fonts-dejavu-core"],
        without: ["/usr/bin/chromium", "--version"],
      },
      commands: () => [],
    },
  },
  {
    name: KUBE_APISERVER,
    title: "a Kubernetes API server (built once, some minutes)",
    variable: "WATTKEEPER_KUBE_APISERVER",
    candidates: (place) => [
      ...asset("kube-apiserver", place),
      `${place.cache}/${KUBE_APISERVER}/kube-apiserver`,
    ],
    probe: (apiserver) => [apiserver, "--version"],
    setUp: builtFromGo("kube_apiserver", {
      folder: KUBE_APISERVER,
      program: "kube-apiserver",
    }),
  },
  {
    name: KUSTOMIZE,
    title: "kustomize (built once)",
    variable: "WATTKEEPER_KUSTOMIZE",
    candidates: ({ cache }) => [`${cache}/${KUSTOMIZE}/kustomize`],
    probe: (kustomize) => [kustomize, "version"],
    setUp: builtFromGo("kustomize", {
      folder: KUSTOMIZE,
      program: "kustomize",
    }),
  },
  {
    name: "shared",
    title: "measured tables and traffic traces in ../shared",
    variable: "WATTKEEPER_SHARED",
    candidates: ({ root }) => [`${root}/../shared`],
    probe: (folder) => ["test", "-d", `${folder}/aic-data/systems`],
  },
];
