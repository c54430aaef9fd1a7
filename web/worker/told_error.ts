/** A failure on its way to the page. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { ToldError } from "./protocol.ts";

/** What a person is told of it. */
export function toldError(error: unknown): ToldError {
  if (error instanceof WattkeeperError) {
    const { code, number, message, remedy, where } = error;
    return { code, number, message, remedy, where };
  }
  return {
    code: "internal",
    number: undefined,
    message: error instanceof Error ? error.message : String(error),
    remedy: undefined,
    where: undefined,
  };
}
