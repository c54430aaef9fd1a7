/** A way to the API server that can stand still between a decision and its packet, as a paused process does. @module */

import type { Endpoint } from "../../../../cluster/mod.ts";

/** Hands out an endpoint whose requests wait while it is paused, just before they are sent. */
export class PausedEndpoint {
  readonly endpoint: Endpoint;
  #held: PromiseWithResolvers<void> | undefined;

  /** @param token of the account; asked for right before a request goes out */
  constructor(endpoint: Endpoint) {
    this.endpoint = {
      ...endpoint,
      token: async () => {
        await this.#held?.promise;
        return await endpoint.token?.() ?? "";
      },
    };
  }

  pause(): void {
    this.#held ??= Promise.withResolvers();
  }

  resume(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }
}
