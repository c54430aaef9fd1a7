/** Tokens of a kubeconfig's `auth-provider`, through the Kubernetes library, kept until they expire. @module */

import { WattkeeperError } from "../../service/mod.ts";
import { member } from "../watch_event.ts";

/** The `auth-provider` section of a kubeconfig's user. */
export interface AuthProvider {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** How one is used. */
export interface ProviderEnvironment {
  /** The kubeconfig, for messages. */
  readonly file: string;
  readonly wallClockMs: () => number;
}

/** A token is renewed this long before it expires: requests under way still have it. */
const EARLY_MS = 30_000;

/** Asks the provider when its last token is not good any more; callers at the same time share one answer. */
export class ProviderLogin {
  readonly #provider: AuthProvider;
  readonly #environment: ProviderEnvironment;
  #kept: { readonly token: string; readonly untilMs: number } | undefined;
  #asking: Promise<string> | undefined;
  #library: Promise<() => Promise<string | undefined>> | undefined;

  /** @throws {WattkeeperError} `invalid_file` for every provider but OpenID Connect */
  constructor(provider: AuthProvider, environment: ProviderEnvironment) {
    this.#provider = provider;
    this.#environment = environment;
    if (provider.name !== "oidc") {
      throw this.#problem(
        `It is not supported: only "oidc" is, and Kubernetes itself has dropped the others. Use the provider's login program (exec).`,
      );
    }
  }

  /** @throws {WattkeeperError} `invalid_file` when the provider gives no token */
  async token(): Promise<string> {
    const { wallClockMs } = this.#environment;
    if (this.#kept && wallClockMs() < this.#kept.untilMs) {
      return this.#kept.token;
    }
    this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
    const token = await this.#asking;
    this.#kept = { token, untilMs: expiryOf(token) - EARLY_MS };
    return token;
  }

  /** The server did not take it: the next call asks. */
  forget(): void {
    this.#kept = undefined;
  }

  async #ask(): Promise<string> {
    this.#library ??= this.#load();
    let token: string | undefined;
    try {
      token = await (await this.#library)();
    } catch (cause) {
      throw this.#problem(
        `It gave no token: ${cause instanceof Error ? cause.message : cause}.`,
        cause,
      );
    }
    if (token === undefined) {
      throw this.#problem(
        "It gave no token. It needs id-token, and to renew it refresh-token, client-id and idp-issuer-url.",
      );
    }
    return token;
  }

  /** Some 85 MB and a second: only for who logs in this way. The library keeps what it renewed, a new refresh token included. */
  async #load(): Promise<() => Promise<string | undefined>> {
    const { KubeConfig } = await import("@kubernetes/client-node");
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: "c", server: "https://unused" }],
      users: [{
        name: "u",
        authProvider: {
          ...this.#provider,
          config: { ...this.#provider.config },
        },
      }],
      contexts: [{ name: "x", cluster: "c", user: "u" }],
      currentContext: "x",
    });
    return async () => {
      const options: { headers?: Record<string, unknown> } = {};
      await config.applyToHTTPSOptions(options);
      const header = options.headers?.["Authorization"];
      return /^Bearer (.+)$/.exec(String(header))?.[1]?.trim();
    };
  }

  #problem(said: string, cause?: unknown): WattkeeperError {
    const { file } = this.#environment;
    return new WattkeeperError(
      "invalid_file",
      `The auth-provider "${this.#provider.name}" of the kubeconfig "${file}" cannot be used. ${said}`,
      { where: file, remedy: "Log in anew with `kubectl`.", cause },
    );
  }
}

/** Wall-clock milliseconds at which a token expires; 0 where it does not say. */
function expiryOf(token: string): number {
  try {
    const bytes = Uint8Array.fromBase64(token.split(".")[1] ?? "", {
      alphabet: "base64url",
    });
    const expiry = member(JSON.parse(new TextDecoder().decode(bytes)), "exp");
    return typeof expiry === "number" ? expiry * 1000 : 0;
  } catch {
    return 0;
  }
}
