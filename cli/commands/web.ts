/** `web`: serves the capacity planner, and a running planner's dashboard beside it. @module */

import { serveHttp, WattkeeperError } from "../../service/mod.ts";
import { buildWeb, builtFiles, pages, plannerProxy } from "../../web/mod.ts";
import type { Command } from "../command.ts";
import { parseListenAddress } from "../plan/listen_address.ts";

/** The command. */
export const command: Command = {
  name: "web",
  summary: "the capacity planner in a browser, and a planner's dashboard",
  description:
    `Serves static pages: the capacity planner computes in the browser with the same engine as sweep, connects to nothing and keeps what is dropped onto it in the browser. The files lie in dist/web, built when they are missing or older than their sources, and work from any static host.
With --planner the dashboard of a running planner is the first page; what it reads is passed on from here, reading only. A planner that runs with plan --listen serves both pages itself.`,
  usage: ["web [--listen HOST:PORT] [--planner URL]"],
  options: [
    {
      name: "listen",
      kind: "string",
      value: "HOST:PORT",
      help: "Where to serve; port 0 takes a free one.",
      default: "127.0.0.1:0",
    },
    {
      name: "planner",
      kind: "string",
      value: "URL",
      help:
        "A running planner whose dashboard is shown: http://127.0.0.1:9090.",
    },
    {
      name: "build-only",
      kind: "boolean",
      help: "Build the files, say where they are, and serve nothing.",
    },
  ],
  examples: [
    {
      command: "deno run -A main.ts web --listen 127.0.0.1:8080",
      explains: "the capacity planner on a port of one's own",
    },
    {
      command: "deno run -A main.ts web --planner http://127.0.0.1:9090",
      explains: "beside the dashboard of a planner that runs",
    },
    {
      command: "deno run -A main.ts web --build-only",
      explains: "only the files in dist/web, for a static host",
    },
  ],
  outputs: ["table", "json"],
  service: true,
  async run({ flags, output, signal, write }) {
    const address = addressOf(flags["listen"]);
    const planner = plannerOf(flags["planner"]);
    await buildWeb();
    if (flags["build-only"] === true) {
      write(
        output === "json"
          ? `${JSON.stringify({ folder: "dist/web" })}\n`
          : "dist/web\n",
      );
      return 0;
    }
    const files = await builtFiles();
    if (!files) throw new Error("The pages were built and are not there.");
    const page = pages(files, { withPlanner: planner !== undefined });
    const proxy = planner && plannerProxy(planner);
    const server = serveHttp(
      { ...address, part: "web.http" },
      async (request) =>
        page(request) ?? await proxy?.(request) ??
          new Response("Nothing is here.\n", { status: 404 }),
    );
    const url = `http://${shownHost(server.hostname)}:${server.port}/`;
    write(
      output === "json"
        ? `${JSON.stringify({ url })}\n`
        : `Serving ${
          planner
            ? "the dashboard and the capacity planner"
            : "the capacity planner"
        } at ${url} (^C ends it)\n`,
    );
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.close();
    return 0;
  },
};

function addressOf(text: unknown) {
  const address = parseListenAddress(
    typeof text === "string" ? text : "127.0.0.1:0",
  );
  if (address) return address;
  throw new WattkeeperError(
    "invalid_usage",
    "There is nothing to do without an address.",
    {
      where: "--listen",
      remedy: "Write --listen 127.0.0.1:8080.",
    },
  );
}

function plannerOf(text: unknown): URL | undefined {
  if (typeof text !== "string") return undefined;
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) {
    return url;
  }
  throw new WattkeeperError(
    "invalid_value",
    `"${text}" is no address of a planner.`,
    { where: "--planner", remedy: "Write --planner http://127.0.0.1:9090." },
  );
}

/** Every address is reached at this machine's own. */
function shownHost(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "127.0.0.1";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
