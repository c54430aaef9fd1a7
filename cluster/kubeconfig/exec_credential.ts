/** Credentials from a program that a kubeconfig names (`exec`), within a bound, kept until they expire. @module */

import { dirname, isAbsolute, resolve } from "node:path";
import { WattkeeperError } from "../../service/mod.ts";
import { member } from "../watch_event.ts";

/** The `exec` section of a kubeconfig's user. */
export interface ExecPlugin {
  readonly apiVersion: string;
  /** A path with a slash is relative to the kubeconfig's folder. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint: string | undefined;
  readonly interactive: boolean;
  /** Handed to the program when it asks for it. */
  readonly cluster: unknown;
}

/** What the program gave. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate:
    | { readonly certificate: string; readonly key: string }
    | undefined;
  /** Wall-clock milliseconds; infinite when it does not say. */
  readonly expiresAtMs: number;
}

/** How a plugin is run. */
export interface ExecEnvironment {
  /** The kubeconfig, for messages and relative paths. */
  readonly file: string;
  readonly wallClockMs: () => number;
  readonly timeoutMs?: number;
}

/** A login program that takes longer waits for a person who is not there. */
const TIMEOUT_MS = 30_000;
/** A credential is renewed this long before it expires: requests under way still have it. */
const EARLY_MS = 30_000;

/** Runs a plugin when its last credential is not good any more; callers at the same time share one run. */
export class ExecCredentials {
  readonly #plugin: ExecPlugin;
  readonly #environment: ExecEnvironment;
  #kept: ExecCredential | undefined;
  #running: Promise<ExecCredential> | undefined;

  constructor(plugin: ExecPlugin, environment: ExecEnvironment) {
    this.#plugin = plugin;
    this.#environment = environment;
  }

  /** @throws {WattkeeperError} `invalid_file` with what the program said */
  async get(): Promise<ExecCredential> {
    const nowMs = this.#environment.wallClockMs();
    if (this.#kept && nowMs < this.#kept.expiresAtMs - EARLY_MS) {
      return this.#kept;
    }
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    this.#kept = await this.#running;
    return this.#kept;
  }

  /** The server did not take it: the next call runs the program. */
  forget(): void {
    this.#kept = undefined;
  }

  async #run(): Promise<ExecCredential> {
    const { timeoutMs = TIMEOUT_MS } = this.#environment;
    const { apiVersion, command, args, env, interactive, cluster } =
      this.#plugin;
    if (interactive) throw this.#problem("It wants a terminal to ask on.");
    const info = JSON.stringify({
      apiVersion,
      kind: "ExecCredential",
      spec: { interactive: false, ...(cluster ? { cluster } : {}) },
    });
    const stop = AbortSignal.timeout(timeoutMs);
    // Its children may hold the output open after it was ended: they are not waited for.
    const over = Promise.withResolvers<undefined>();
    stop.addEventListener("abort", () => over.resolve(undefined));
    let output: Deno.CommandOutput | undefined;
    try {
      const running = new Deno.Command(this.#path(command), {
        args: [...args],
        env: {
          ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: info,
        },
        stdin: "null",
        signal: stop,
      }).output();
      running.catch(() => {});
      output = await Promise.race([running, over.promise]);
    } catch (cause) {
      const { installHint } = this.#plugin;
      throw this.#problem(
        cause instanceof Deno.errors.NotFound
          ? `It is not there.${installHint ? ` ${installHint.trim()}` : ""}`
          : String(cause),
        cause,
      );
    }
    if (output === undefined || stop.aborted) {
      throw this.#problem(`It did not end in ${timeoutMs} ms.`);
    }
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    if (!output.success) {
      throw this.#problem(
        `It ended with ${output.code}: ${text(output.stderr).slice(-300)}`,
      );
    }
    return this.#read(text(output.stdout));
  }

  #read(text: string): ExecCredential {
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      throw this.#problem("What it printed is not JSON.");
    }
    if (member(answer, "apiVersion") !== this.#plugin.apiVersion) {
      throw this.#problem(
        `It answered in ${
          JSON.stringify(member(answer, "apiVersion"))
        }, and the kubeconfig asks for "${this.#plugin.apiVersion}".`,
      );
    }
    const status = member(answer, "status");
    const word = (name: string) => {
      const value = member(status, name);
      return typeof value === "string" && value !== "" ? value : undefined;
    };
    const certificate = word("clientCertificateData");
    const key = word("clientKeyData");
    const token = word("token");
    if (
      token === undefined && (certificate === undefined || key === undefined)
    ) {
      throw this.#problem(
        "It gave neither a token nor a certificate with key.",
      );
    }
    const expiry = word("expirationTimestamp");
    const expiresAtMs = expiry === undefined ? Infinity : Date.parse(expiry);
    if (Number.isNaN(expiresAtMs)) {
      throw this.#problem(`Its expirationTimestamp "${expiry}" is no time.`);
    }
    return {
      token,
      certificate: certificate === undefined || key === undefined
        ? undefined
        : { certificate, key },
      expiresAtMs,
    };
  }

  #path(command: string): string {
    return command.includes("/") && !isAbsolute(command)
      ? resolve(dirname(this.#environment.file), command)
      : command;
  }

  #problem(said: string, cause?: unknown): WattkeeperError {
    const { command, args } = this.#plugin;
    return new WattkeeperError(
      "invalid_file",
      `The login program \`${
        [command, ...args].join(" ")
      }\` of the kubeconfig "${this.#environment.file}" gave no credential. ${said}`,
      {
        where: this.#environment.file,
        remedy: "Run it by hand and log in where it asks for it.",
        cause,
      },
    );
  }
}
