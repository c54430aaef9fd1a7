/** Everything that some test needs beyond Deno. @module */

import type { Need } from "./need.ts";

/** Version of the peer; its environment in the cache is named after it. */
const PEER = "aiconfigurator==0.12.0";

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
    name: "shared",
    title: "measured tables and traffic traces in ../shared",
    variable: "WATTKEEPER_SHARED",
    candidates: ({ root }) => [`${root}/../shared`],
    probe: (folder) => ["test", "-d", `${folder}/aic-data/systems`],
  },
];
